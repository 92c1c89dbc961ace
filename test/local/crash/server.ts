import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { SPANS_OF_A_TRACE } from './sender.ts'

/** Each span of a trace breaks a rule of its own. */
export const RULES = Array.from(
  { length: SPANS_OF_A_TRACE },
  (_, index) => `// Signal: STEP_${index + 1} (high)\ntrace.has(step.${index + 1})\n`,
).join('\n')

/** Where a server keeps its data, finds its rules and sends its signals. */
export interface Place {
  readonly data: string
  readonly rules: string
  readonly webhook: string
  readonly jsonl: string
}

/** `chunkRetentionMs`: some seconds unless told. */
export function spawnServer({ data, rules, webhook, jsonl }: Place, chunkRetentionMs?: number): ChildProcess {
  const script = fileURLToPath(new URL('./serve-child.ts', import.meta.url))
  const retention = chunkRetentionMs === undefined ? [] : [String(chunkRetentionMs)]
  const args = [script, data, rules, webhook, jsonl, ...retention]
  // It ends when its input does, so that none outlives a campaign that is cut off itself.
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
}

/** Where it listens; undefined if it ends before. */
export async function addressOf(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown]
  return Buffer.isBuffer(said) ? String(said).trim() : undefined
}
