import { stat } from 'node:fs/promises'
import { findFiles, readText } from '../local/text-files.ts'
import { isRuleFileName, isTestFileName } from '../shared/rules/read.ts'
import { CommandError } from './command-error.ts'

/** A rule file as it was read; `file` is the path to show. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

/**
 * Reads the rule files that paths name: a file as it is, a folder with every `*.rules`, `*.yaml` and `*.yml` below it,
 * by name; files of rule tests are passed over. A path that does not exist, or holds no rules, is a CommandError.
 */
export async function readRuleFiles(paths: readonly string[]): Promise<readonly RuleFile[]> {
  const found: string[] = []
  for (const path of paths) {
    const files = await filesBelow([path], isRuleFileName)
    if (files.length === 0)
      throw new CommandError(`no rule files in ${path}`, 'rule files are named *.rules, *.yaml or *.yml')
    found.push(...files.filter((file) => !isTestFileName(file)))
  }
  if (found.length === 0) throw new CommandError('these are files of rule tests', 'run them with betrace test')
  const files = await filesBelow(found, isRuleFileName)
  return Promise.all(files.map(readTextFile))
}

/** Files as `findFiles` finds them; a path that cannot be read is a CommandError. */
export async function filesBelow(
  paths: readonly string[],
  accepts: (name: string) => boolean,
): Promise<readonly string[]> {
  const { found, unread } = await findFiles(paths, accepts)
  const [first] = unread
  if (first !== undefined) throw unreadable(first.file, first.error)
  return found.map(({ file }) => file)
}

/**
 * `--rules a.rules b/ traces.json` leaves open where rules end: trace files are the paths from the first one on that
 * is neither a folder nor named as rule files are.
 */
export async function separateRules(paths: readonly string[]) {
  let end = 1
  for (const path of paths.slice(1)) {
    if (!isRuleFileName(path) && !(await isFolder(path))) break
    end++
  }
  return { rulePaths: paths.slice(0, end), tracePaths: paths.slice(end) }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

/** Reads a file of text; one that cannot be read, is no UTF-8 or is too large is a CommandError. */
export async function readTextFile(file: string): Promise<RuleFile> {
  const text = await readText(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error)
  })
  return { file, text }
}

/** What the file system said, as a sentence. */
export function unreadable(path: string, error: NodeJS.ErrnoException): CommandError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return new CommandError(`no such file or folder: ${path}`)
  if (error.code === 'EACCES' || error.code === 'EPERM') return new CommandError(`no permission to read ${path}`)
  if (error.code === 'EISDIR') return new CommandError(`${path} is a folder, not a file`)
  return new CommandError(`cannot read ${path}: ${error.message}`)
}
