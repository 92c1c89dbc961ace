import type { CompactionAnswer, CompactionSum } from '../../shared/stores/compaction.ts'
import { invoke } from '../../shared/stores/invoke.ts'
import { CommandError } from '../command-error.ts'
import { outputsOf } from './stack-option.ts'

/** Has the compactor of a deployed stack go through a range, as often as it takes; what came of each run. */
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

function tooLarge(hour: string): CompactionSum['failures'][number] {
  return { key: hour, reason: 'the hour holds more than one function can merge; it stays as it is' }
}
