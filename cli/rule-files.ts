import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { CommandError } from './command-error.ts'

/** A rule file as it was read; `file` is the path to show. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

const EXTENSIONS: ReadonlySet<string> = new Set(['.rules', '.yaml', '.yml'])

/** Far above what the 10,000 rules a set may hold come to. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/**
 * Reads the rule files that paths name: a file as it is, a folder with every `*.rules`, `*.yaml` and `*.yml` below it,
 * by name. A path that does not exist, or a folder without rules, is a CommandError.
 */
export async function readRuleFiles(paths: readonly string[]): Promise<readonly RuleFile[]> {
  const found = new Map<string, string>()
  for (const path of paths) {
    if ((await collect(path, found, new Set())) === 0) {
      throw new CommandError(`no rule files in ${path}`, 'rule files are named *.rules, *.yaml or *.yml')
    }
  }
  return Promise.all([...found.values()].map(readRuleFile))
}

/** Adds the files `path` holds to `found` (real path to shown path) and says how many it holds, known ones too. */
async function collect(path: string, found: Map<string, string>, visited: Set<string>): Promise<number> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error)
  })
  if (!(await isFolder(real))) {
    if (!found.has(real)) found.set(real, path)
    return 1
  }
  // A link may point back to a folder above it.
  if (visited.has(real)) return 0
  visited.add(real)
  let count = 0
  for (const name of (await readdir(real)).sort()) {
    if (name.startsWith('.') || name === 'node_modules') continue
    const child = join(path, name)
    if (EXTENSIONS.has(extname(name)) || (await isFolder(child))) count += await collect(child, found, visited)
  }
  return count
}

/**
 * `--rules a.rules b/ traces.json` leaves open where rules end: trace files are the paths from the first one on that
 * is neither a folder nor named as rule files are.
 */
export async function separateRules(paths: readonly string[]) {
  let end = 1
  for (const path of paths.slice(1)) {
    if (!EXTENSIONS.has(extname(path)) && !(await isFolder(path))) break
    end++
  }
  return { rulePaths: paths.slice(0, end), tracePaths: paths.slice(end) }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

async function readRuleFile(file: string): Promise<RuleFile> {
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
