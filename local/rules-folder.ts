import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isRuleFileName } from '../shared/rules/read.ts'

interface RuleFile {
  /** The path as shown in problems. */
  readonly file: string
  readonly text: string
}

/** What lies under the rule paths. */
export interface RulesFolder {
  readonly files: readonly RuleFile[]
  readonly unreadable: readonly UnreadableFile[]
}

interface UnreadableFile {
  readonly file: string
  readonly reason: string
}

interface FoundFile {
  readonly file: string
  /** Differs after every change: size, inode, time of last change. */
  readonly version: string
}

/** Far above what 10,000 rules of usual length come to. */
const MAX_FILE_BYTES = 64 * 1024 * 1024
const MAX_DEPTH = 32

/** Reads every rule file under the paths (files or folders), by name; what cannot be read is told. */
export async function readRules(paths: readonly string[]): Promise<RulesFolder> {
  const { found, unreadable } = await findRules(paths)
  const files: RuleFile[] = []
  const failed = [...unreadable]
  for (const { file } of found) {
    try {
      files.push({ file, text: await readText(file) })
    } catch (error) {
      failed.push({ file, reason: reasonOf(error) })
    }
  }
  return { files, unreadable: failed }
}

/** A text that changes whenever a rule file is written, replaced, added or removed. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const { found, unreadable } = await findRules(paths)
  return JSON.stringify([found, unreadable])
}

interface Findings {
  readonly found: FoundFile[]
  readonly unreadable: UnreadableFile[]
  /** Files and folders, by device and inode: links may lead to one several times, and in circles. */
  readonly visited: Set<string>
}

async function findRules(paths: readonly string[]): Promise<Findings> {
  const findings: Findings = { found: [], unreadable: [], visited: new Set() }
  for (const path of paths) await find(path, 0, findings)
  return findings
}

async function find(path: string, depth: number, findings: Findings): Promise<void> {
  try {
    const stats = await stat(path, { bigint: true })
    const isRead = stats.isDirectory() || depth === 0 || isRuleFileName(path)
    const identity = `${stats.dev}.${stats.ino}`
    if (!isRead || findings.visited.has(identity)) return
    findings.visited.add(identity)
    if (!stats.isDirectory()) {
      if (stats.size > MAX_FILE_BYTES) throw new Error('it is larger than 64 MiB')
      findings.found.push({ file: path, version: `${identity}.${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}` })
      return
    }
    if (depth >= MAX_DEPTH) throw new Error(`folders are nested more than ${MAX_DEPTH} deep`)
    for (const name of (await readdir(path)).sort()) {
      if (!name.startsWith('.') && name !== 'node_modules') await find(join(path, name), depth + 1, findings)
    }
  } catch (error) {
    findings.unreadable.push({ file: path, reason: reasonOf(error) })
  }
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is no UTF-8 text')
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'it does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  return message
}
