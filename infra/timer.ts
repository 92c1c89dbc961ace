import { Duration } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import type { EvaluatorFunction } from './evaluator.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { allow, allowKey } from './permissions.ts'
import type { Storage } from './storage.ts'
import { CHUNKS, failedRecords, streamSource } from './stream-source.ts'

/** Chunks of a trace that come within the window share a timer; the delay counts from their arrival, so nobody waits longer. */
const BATCH = 10_000
const MAX_WINDOW_SECONDS = 10

/** Arms a timer for each chunk that was stored: the table's stream is the outbox. */
export class TimerFunction extends Construct {
  constructor(scope: Construct, context: StackContext, storage: Storage, evaluator: EvaluatorFunction, pager: Pager) {
    super(scope, 'Timer')
    const quietSeconds = context.settings.quietPeriodSeconds
    const timer = new BetraceFunction(this, context, {
      handler: 'timer',
      description: 'arms a timer for every chunk that was stored',
      memoryMb: 512,
      timeout: Duration.seconds(60),
      environment: {
        timersUrl: evaluator.timers.queueUrl,
        deadLettersUrl: evaluator.deadLetters.queueUrl,
        judging: evaluator.judging,
      },
    })
    allow(timer.role, ['sqs:SendMessage'], [evaluator.timers.queueArn])
    allowKey(timer.role, context.key, 'send')
    const source = streamSource(this, 'Inserts', timer, storage, {
      table: storage.table,
      items: CHUNKS,
      batchSize: BATCH,
      maxBatchingWindow: Duration.seconds(Math.min(MAX_WINDOW_SECONDS, Math.floor(quietSeconds / 2))),
      retryAttempts: -1,
      pattern: { eventName: ['INSERT'] },
    })
    pager.alarm(this, 'IteratorAge', {
      heading: 'Timers are armed late',
      metric: timer.function.metric('IteratorAge', { period: ALARM_PERIOD, statistic: 'Maximum' }),
      threshold: Duration.minutes(5).toMilliseconds(),
    })
    pager.alarm(this, 'Errors', {
      heading: 'The timer function fails',
      metric: timer.function.metricErrors({ period: ALARM_PERIOD, statistic: 'Sum' }),
      threshold: 3,
    })
    pager.alarm(this, 'FailedRecords', {
      heading: 'Stream records were given up',
      metric: failedRecords(timer, source),
      threshold: 1,
    })
  }
}
