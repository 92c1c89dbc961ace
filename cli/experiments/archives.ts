import type { ObjectStore } from '../../shared/archive/object-store.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { CommandError } from '../command-error.ts'
import { loadRules } from '../load-rules.ts'
import { outputsOf } from '../stack/stack-option.ts'
import type { Terminal } from '../terminal.ts'

/** What was archived, and the rules to judge it by unless others are given. */
export interface ArchiveToVerify {
  readonly store: ObjectStore
  readonly rulesInForce: () => Promise<readonly CheckedRule[]>
}

/** What a server keeps in its data folder, with what it has not archived yet; the rules are those of ./rules. */
export async function folderArchive(dataFolder: string, terminal: Terminal): Promise<ArchiveToVerify> {
  const { wholeArchive } = await import('../../local/replay/unarchived.ts')
  const { store } = await wholeArchive(dataFolder)
  return { store, rulesInForce: () => rulesOf(['rules'], terminal) }
}

/** The archive of a deployed stack, read from here with the caller's own AWS credentials, and its rules in force. */
export async function stackArchive(stack: string): Promise<ArchiveToVerify> {
  const outputs = await outputsOf({ stack })
  const { s3Client } = await import('../../shared/aws/clients.ts')
  const { storeOf } = await import('../stack/archive.ts')
  const client = s3Client()
  const rulesInForce = async () => {
    const { readPointer, readSetFiles, readSet } = await import('../../shared/aws/rules/rule-sets.ts')
    const { ruleSetOfRead } = await import('../../shared/pipeline/rule-set.ts')
    const bucket = { client, name: outputs.rulesBucket }
    const { id } = await readPointer(bucket)
    return ruleSetOfRead(readSet(await readSetFiles(bucket, id))).rules
  }
  return { store: storeOf(outputs, client), rulesInForce }
}

/** The rules of files, all without a problem: of a verdict nobody must have to guess which rules it left out. */
export async function rulesOf(paths: readonly string[], terminal: Terminal): Promise<readonly CheckedRule[]> {
  const { rules, problemCount } = await loadRules(paths, terminal)
  if (problemCount > 0) throw new CommandError('some rules have problems', 'fix them, or leave their files out')
  return rules
}
