import { realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { requireFindable } from '../../local/files/find-files.ts'
import { type InputFile, isWithin, outsideFolder } from '../../local/files/input-file.ts'
import { InputError } from '../../shared/errors.ts'
import { isRuleFileName } from '../../shared/rules/read/read.ts'

/*
 * Files of tests name other files, and may be written by strangers: what they name must lie in a folder that the person
 * at the keyboard named, or in the current one.
 */

/** Folders, by their real paths, in which files that tests name may lie. */
export async function referenceRoots(paths: readonly string[]): Promise<readonly string[]> {
  const roots = [aroundFolder(await realpath('.'))]
  for (const path of paths) {
    const real = await realpath(path)
    const isFolder = (await stat(real)).isDirectory()
    // Beside tests/all.test.yaml, rules lie in ../rules as often as not.
    roots.push(...(isFolder ? [real] : [dirname(real), aroundFolder(dirname(dirname(real)))]))
  }
  return roots.filter((root) => root !== undefined)
}

/** The folder, unless everything lies in it. */
function aroundFolder(folder: string): string | undefined {
  return folder === dirname(folder) ? undefined : folder
}

/**
 * A file that tests name. Throws what the file system throws where the file is missing, and an InputError where the file,
 * or the target of its link, lies outside of the roots.
 */
export async function referencedFile(roots: readonly string[], file: string): Promise<InputFile> {
  const real = await realpath(file)
  const root = roots.find((each) => isWithin(each, real))
  if (root === undefined) throw outsideFolder(roots.join(', '))
  return { file, root }
}

/** The same for a file of rules, which is also to be named as such. */
export async function referencedRules(roots: readonly string[], file: string): Promise<InputFile> {
  if (!isRuleFileName(basename(file))) {
    const hint = 'rule files are named *.rules, *.yaml or *.yml'
    throw new InputError({ code: 'not-a-file', message: 'it is not named as rule files are', hint })
  }
  const input = await referencedFile(roots, file)
  requireFindable(input.root, await realpath(file), isRuleFileName)
  return input
}
