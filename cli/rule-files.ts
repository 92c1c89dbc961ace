import { stat } from 'node:fs/promises'
import { findFiles } from '../local/files/find-files.ts'
import {
  type InputFile,
  isDescriptor,
  isPipe,
  readStreamedText,
  readTexts,
  streamPipe,
} from '../local/files/input-file.ts'
import { InputError } from '../shared/errors.ts'
import type { RuleFile } from '../shared/rules/check/check.ts'
import { isRuleFileName, isTestFileName } from '../shared/rules/read/read.ts'
import { CommandError } from './command-error.ts'

/**
 * Reads the rule files that paths name, as `findRuleFiles` finds them; a path may also be what a shell puts in place of
 * `<(command)`. What cannot be read is a CommandError.
 */
export async function readRuleFiles(paths: readonly string[]): Promise<readonly RuleFile[]> {
  const piped: string[] = []
  for (const path of paths) if (isDescriptor(path) && (await isPipe(path))) piped.push(path)
  const named = paths.filter((path) => !piped.includes(path))
  const files = named.length === 0 ? [] : [...(await readTextFiles(await findRuleFiles(named)))]
  for (const file of piped) files.push(await readPiped(file, () => streamPipe(file).chunks))
  return files
}

/** Reads rules from a pipe or from standard input. */
export async function readPiped(file: string, open: () => AsyncIterable<Uint8Array>): Promise<RuleFile> {
  try {
    return { file, text: await readStreamedText(open()) }
  } catch (error) {
    throw unreadable(file, error as NodeJS.ErrnoException | InputError)
  }
}

/**
 * Finds rule files: a file as it is named, a folder's every `*.rules`, `*.yaml` and `*.yml` below it, by name; files of
 * rule tests are passed over. A path that does not exist, or holds no rules, is a CommandError.
 */
export async function findRuleFiles(paths: readonly string[]): Promise<readonly InputFile[]> {
  for (const path of paths) {
    if ((await filesBelow([path], isRuleFileName)).length > 0) continue
    throw new CommandError(`no rule files in ${path}`, 'rule files are named *.rules, *.yaml or *.yml')
  }
  const found = (await filesBelow(paths, isRuleFileName)).filter(({ file }) => !isTestFileName(file))
  if (found.length === 0) throw new CommandError('these are files of rule tests', 'run them with betrace test')
  return found
}

/** Files as `findFiles` finds them; a path that cannot be read is a CommandError. */
export async function filesBelow(
  paths: readonly string[],
  accepts: (name: string) => boolean,
): Promise<readonly InputFile[]> {
  const { found, unread } = await findFiles(paths, accepts)
  const [first] = unread
  if (first === undefined) return found
  const { message, hint } = unreadable(first.file, first.error)
  throw new CommandError(unread.length === 1 ? message : `${message} (and ${unread.length - 1} more)`, hint)
}

/** Reads a file of text; throws a CommandError if it cannot be read, is not UTF-8 or is too large. */
export async function readTextFile(input: InputFile): Promise<RuleFile> {
  const [file] = await readTextFiles([input])
  return file as RuleFile
}

/** The same for several files, which are also not to be too large together. */
export async function readTextFiles(inputs: readonly InputFile[]): Promise<readonly RuleFile[]> {
  const files: RuleFile[] = []
  for await (const read of readTexts(inputs)) {
    if ('error' in read) throw unreadable(read.file, read.error)
    files.push(read)
  }
  return files
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

/** What is wrong with a file, or what the file system said, as a sentence. */
export function unreadable(path: string, error: NodeJS.ErrnoException | InputError): CommandError {
  if (error instanceof InputError) return new CommandError(`cannot read ${path}: ${error.message}`, error.hint)
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return new CommandError(`no such file or folder: ${path}`)
  if (error.code === 'EACCES' || error.code === 'EPERM') return new CommandError(`no permission to read ${path}`)
  if (error.code === 'EISDIR') return new CommandError(`${path} is a folder, not a file`)
  if (error.code === 'ELOOP') return new CommandError(`cannot read ${path}: its links lead in a circle`)
  return new CommandError(`cannot read ${path}: ${error.message}`)
}

/** Throws the same. */
export function fail(path: string, error: NodeJS.ErrnoException | InputError): never {
  throw unreadable(path, error)
}
