import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { timerOf } from '../../shared/aws/buffer/timer-message.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'
import type { Timer } from '../../shared/pipeline/ports.ts'
import { handleTimers, joinedTimer } from '../../shared/pipeline/timers.ts'
import type { EvaluatorDependencies } from './evaluator-dependencies.ts'
import { handleLook } from './looks.ts'

/** With less time left no trace is begun. */
const RESERVE_MS = 15_000
/** Those that were killed together come back apart. */
const SPREAD_MS = 60_000

/** Handles the timers of a queue's batch; one message that fails holds up no other. */
export async function onTimers(
  dependencies: EvaluatorDependencies,
  event: SQSEvent,
  context: Context,
): Promise<SQSBatchResponse> {
  const { semaphore } = dependencies
  const groups = Map.groupBy(event.Records, subjectOf)
  const handled = new Map(
    [...groups].map(([subject, records]) => [subject, semaphore.run(() => handle(dependencies, records, context))]),
  )
  const handling = (record: SQSRecord) => handled.get(subjectOf(record)) as Promise<void>
  const processor = new BatchProcessor(EventType.SQS)
  return processPartialResponse(event, handling, processor, { context, throwOnFullBatchFailure: false })
}

/** Messages about one trace are one piece of work, unless they came before. */
function subjectOf(record: SQSRecord): string {
  const timer = timerOf(record.body)
  return timer?.kind === 'trace' && !cameBefore(record) ? timer.traceId : record.messageId
}

/** Nobody reported on it: the function that had it was killed, or could not even set it back. */
function cameBefore({ attributes }: SQSRecord): boolean {
  return Number(attributes.ApproximateReceiveCount) > 1
}

/** Throws for what the queue has to deliver again. */
async function handle(
  { evaluator, looks }: EvaluatorDependencies,
  records: readonly SQSRecord[],
  context: Context,
): Promise<void> {
  const queued = records.map(({ body }) => timerOf(body)).filter((timer) => timer !== undefined)
  const look = queued.find((timer) => timer.kind === 'incident')
  if (look !== undefined) return handleLook(evaluator, looks, look)
  const [first, ...others] = queued.filter((timer) => timer.kind === 'trace')
  if (first === undefined) throw new Error('a message of the timers queue holds no timer')
  const timer = joinedTimer([first, ...others])
  if (records.some(cameBefore)) return setApart(evaluator, timer)
  if (context.getRemainingTimeInMillis() < RESERVE_MS) return evaluator.timers.arm([timer])
  const undone = await handleTimers(evaluator, [timer])
  if (undone.length > 0) throw new Error('a timer could not be handled, nor set back')
}

/**
 * A trace that kills its function takes the others of its batch with it, and would again. Each goes into a message of
 * its own, with one attempt less, at another time: the innocent are judged there, the guilty one ends among the dead letters.
 */
async function setApart(evaluator: Evaluator, timer: Timer): Promise<void> {
  const attempt = timer.attempt + 1
  if (attempt < evaluator.settings.maxAttempts) {
    return evaluator.timers.arm([{ ...timer, attempt, dueAtMs: evaluator.clock() + Math.random() * SPREAD_MS }])
  }
  await evaluator.timers.bury({ ...timer, attempt }, 'the function was killed while it worked on this')
  evaluator.metrics.add('timersBuried', {})
}
