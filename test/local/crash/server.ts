import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { SPANS_OF_A_TRACE } from './sender.ts'

/** Attributes that groups are made of; the incident of the first rule is one for all its traces. */
export const GROUPS = [undefined, 'region', 'tenant', 'tenant'] as const

/** Each span of a trace breaks a rule of its own. */
export const RULES = Array.from({ length: SPANS_OF_A_TRACE }, (_, index) => {
  const [severity, group] = [index === 0 ? 'critical' : 'high', GROUPS[index]]
  const header = `// Signal: STEP_${index + 1} (${severity})\n${group === undefined ? '' : `// Group: ${group}\n`}`
  return `${header}trace.has(step.${index + 1}).where(broken == true)\n`
}).join('\n')

/** Where a server keeps its data, finds its rules and sends its signals. */
export interface Place {
  readonly data: string
  readonly rules: string
  readonly webhook: string
  readonly jsonl: string
  /** The file of receivers of incidents. */
  readonly notify?: string
  /** Its clock runs so many times as fast from a time on; as fast as ours unless told. */
  readonly clock?: FastClock
  /** Some seconds unless told. */
  readonly chunkRetentionMs?: number
}

export interface FastClock {
  readonly startMs: number
  readonly speed: number
}

/** The time on a clock. */
export function timeOn({ startMs, speed }: FastClock): number {
  return Math.round(startMs + (Date.now() - startMs) * speed)
}

export function spawnServer(place: Place): ChildProcess {
  const script = fileURLToPath(new URL('./serve-child.ts', import.meta.url))
  // It ends when its input does, so that none outlives a campaign that is cut off itself.
  return spawn(process.execPath, [script, JSON.stringify(place)], { stdio: ['pipe', 'pipe', 'ignore'] })
}

/** Where it listens; undefined if it ends before. */
export async function addressOf(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown]
  return Buffer.isBuffer(said) ? String(said).trim() : undefined
}
