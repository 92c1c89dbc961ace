import { isRuleFileName } from '../shared/rules/read.ts'
import { findFiles, readText } from './text-files.ts'

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

/** Reads every rule file under the paths (files or folders), by name; what cannot be read is told. */
export async function readRules(paths: readonly string[]): Promise<RulesFolder> {
  const { found, unread } = await findFiles(paths, isRuleFileName)
  const files: RuleFile[] = []
  const unreadable = unread.map(({ file, error }) => ({ file, reason: reasonOf(error) }))
  for (const { file } of found) {
    try {
      files.push({ file, text: await readText(file) })
    } catch (error) {
      unreadable.push({ file, reason: reasonOf(error as Error) })
    }
  }
  return { files, unreadable }
}

/** A text that changes whenever a rule file is written, replaced, added or removed. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const { found, unread } = await findFiles(paths, isRuleFileName)
  return JSON.stringify([found, unread.map(({ file, error }) => [file, reasonOf(error)])])
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'it does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  return message
}
