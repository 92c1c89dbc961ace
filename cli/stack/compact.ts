import { randomUUID } from 'node:crypto'
import { COMPACTION_LIMITS } from '../../shared/archive/compact.ts'
import { compactHours } from '../../shared/archive/compact-recent.ts'
import { HOUR_MS } from '../../shared/archive/object-key.ts'
import { type CompactionAnswer, type CompactionSum, compactionAnswer } from '../../shared/aws/archive/compaction.ts'
import { invoke } from '../../shared/aws/invoke.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { CommandError } from '../command-error.ts'
import { archiveOfStack } from './archive.ts'
import { outputsOf } from './stack-option.ts'

/** Makes the compactor of a deployed stack go through a range, as often as it takes; returns the result of each run. */
export async function* compactStack(stack: string, range: { readonly from: string; readonly to: string }) {
  const { compactFunction } = await outputsOf({ stack })
  let before = Number.POSITIVE_INFINITY
  for (;;) {
    const answer = await invoke<CompactionAnswer>('compact', compactFunction, range)
    if (answer.state === 'refused') throw new CommandError(answer.error.message, answer.error.hint)
    yield { ...answer, hoursLeft: answer.left, failures: [...answer.failures, ...answer.tooLarge.map(tooLarge)] }
    if (answer.left === 0 || answer.left >= before) return
    before = answer.left
  }
}

const DAY_MS = 24 * 3_600_000

/** Compacts a range of a stack's archive in this process, day by day; returns the result of each day. */
export async function* compactHere(stack: string, { fromMs, toMs }: ReplayRange, nowMs: number) {
  const store = await archiveOfStack(stack)
  for (let dayMs = fromMs; dayMs < toMs; dayMs += DAY_MS) {
    const done = await compactHours({
      store,
      fromMs: dayMs,
      toMs: Math.min(toMs, dayMs + DAY_MS),
      nowMs,
      newToken: randomUUID,
      all: true,
      limits: { ...COMPACTION_LIMITS, leastNewShare: 0 },
      mostBytes: Number.POSITIVE_INFINITY,
      hasTime: () => true,
    })
    yield { ...compactionAnswer(done), hoursLeft: Math.ceil((toMs - dayMs) / HOUR_MS) }
  }
}

function tooLarge(hour: string): CompactionSum['failures'][number] {
  return { key: hour, reason: 'the hour holds more than one function can merge; merge it with --here' }
}
