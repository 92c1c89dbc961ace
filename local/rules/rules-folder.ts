import { sep } from 'node:path'
import { InputError } from '../../shared/errors.ts'
import type { RuleFile } from '../../shared/rules/check/check.ts'
import { isRuleFileName } from '../../shared/rules/read/read.ts'
import { findFiles } from '../files/find-files.ts'
import { readTexts } from '../files/input-file.ts'

/** What lies under the rule paths. */
export interface RulesFolder {
  readonly files: readonly RuleFile[]
  readonly unreadable: readonly UnreadableFile[]
}

/** A rule file, or a folder of them, that cannot be read now. */
interface UnreadableFile {
  readonly file: string
  readonly reason: string
  /** What to do about it. */
  readonly hint: string
  /** The text it had when it could last be read is still among the files. */
  readonly isKept: boolean
}

/**
 * Reads every rule file under the paths (files or folders), by name. What cannot be read is named, and keeps the text
 * that it had `before`: a rule goes when its file is deleted, not when a disk fails.
 */
export async function readRulesFolder(
  paths: readonly string[],
  before: readonly RuleFile[] = [],
): Promise<RulesFolder> {
  const { found, unread } = await findFiles(paths, isRuleFileName)
  const failed: { readonly file: string; readonly error: Failure }[] = [...unread]
  const files: RuleFile[] = []
  for await (const read of readTexts(found)) {
    if ('text' in read) files.push(read)
    else failed.push(read)
  }
  const read = new Set(files.map(({ file }) => file))
  const keptOf = (lost: string) =>
    before.filter(({ file }) => !read.has(file) && (file === lost || file.startsWith(`${lost}${sep}`)))
  const kept = new Set(failed.flatMap(({ file }) => keptOf(file)))
  const unreadable = failed.map(({ file, error }) => {
    return { file, reason: reasonOf(error), hint: hintOf(error), isKept: keptOf(file).length > 0 }
  })
  return { files: [...files, ...kept], unreadable }
}

/** A text that changes whenever a rule file is written, replaced, added or removed. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const { found, unread } = await findFiles(paths, isRuleFileName)
  return JSON.stringify([found, unread.map(({ file, error }) => [file, reasonOf(error)])])
}

type Failure = NodeJS.ErrnoException | InputError

function reasonOf({ code, message }: Failure): string {
  if (code === 'ENOENT') return 'it does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  return code === 'ELOOP' ? 'its links lead in a circle' : message
}

function hintOf(error: Failure): string {
  if (error instanceof InputError) return error.hint ?? ''
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'let this user read it'
  if (error.code === 'ELOOP') return 'delete the link'
  return error.code === 'ENOENT' ? 'put it back' : 'look at the disk'
}
