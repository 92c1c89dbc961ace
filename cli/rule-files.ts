import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isRuleFileName, isTestFileName } from '../shared/rules/read.ts'
import { CommandError } from './command-error.ts'

/** A rule file as it was read; `file` is the path to show. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

/** Far above what the 10,000 rules a set may hold come to. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

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

/** Files as they are, and of folders all below whose name is accepted, by name; each once, as it was first named. */
export async function filesBelow(
  paths: readonly string[],
  accepts: (name: string) => boolean,
): Promise<readonly string[]> {
  const found = new Map<string, string>()
  for (const path of paths) await collect(path, accepts, found, new Set())
  return [...found.values()]
}

/** Adds the files `path` holds to `found` (real path to shown path). */
async function collect(
  path: string,
  accepts: (name: string) => boolean,
  found: Map<string, string>,
  visited: Set<string>,
): Promise<void> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error)
  })
  if (!(await isFolder(real))) {
    if (!found.has(real)) found.set(real, path)
    return
  }
  // A link may point back to a folder above it.
  if (visited.has(real)) return
  visited.add(real)
  for (const name of (await readdir(real)).sort()) {
    if (name.startsWith('.') || name === 'node_modules') continue
    const child = join(path, name)
    if (accepts(name) || (await isFolder(child))) await collect(child, accepts, found, visited)
  }
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
  const { size } = await stat(file)
  if (size > MAX_FILE_BYTES) {
    throw new CommandError(`${file} is larger than 64 MiB`, 'split it: a set holds at most 10,000 rules')
  }
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error)
  })
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    throw new CommandError(`${file} is not UTF-8 text`, 'save it as UTF-8')
  }
}

/** What the file system said, as a sentence. */
export function unreadable(path: string, error: NodeJS.ErrnoException): CommandError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return new CommandError(`no such file or folder: ${path}`)
  if (error.code === 'EACCES' || error.code === 'EPERM') return new CommandError(`no permission to read ${path}`)
  if (error.code === 'EISDIR') return new CommandError(`${path} is a folder, not a file`)
  return new CommandError(`cannot read ${path}: ${error.message}`)
}
