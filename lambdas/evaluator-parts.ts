import { randomUUID } from 'node:crypto'
import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import { ruleSetOfRead } from '../shared/pipeline/rule-set.ts'
import { PATIENT } from '../shared/stores/backoff.ts'
import { dynamoClient, s3Client, snsClient, sqsClient } from '../shared/stores/clients.ts'
import { DynamoTraceBuffer } from '../shared/stores/dynamo-buffer.ts'
import { DynamoStormLedger } from '../shared/stores/dynamo-storms.ts'
import { readSet } from '../shared/stores/rule-sets.ts'
import { S3ChunkArchive, S3SignalStore } from '../shared/stores/s3-archive.ts'
import { S3RuleSource } from '../shared/stores/s3-rule-source.ts'
import { SnsSignalPublisher } from '../shared/stores/sns-publisher.ts'
import { SqsTimers } from '../shared/stores/sqs-timers.ts'
import { judging, setting } from './environment.ts'
import type { Telemetry } from './telemetry.ts'

/** The pipeline's evaluator over the stack's stores, and what of it the handler asks beyond the ports. */
export interface EvaluatorParts {
  readonly evaluator: Evaluator
  readonly buffer: DynamoTraceBuffer
  readonly rules: S3RuleSource
}

/** Puts the evaluator together from the function's environment. */
export function evaluatorParts({ log, metrics, count }: Telemetry): EvaluatorParts {
  const clock = Date.now
  const table = { client: dynamoClient(), name: setting('table'), backoff: PATIENT }
  const queues = { client: sqsClient(), timersUrl: setting('timersUrl'), deadLettersUrl: setting('deadLettersUrl') }
  const s3 = s3Client()
  const archive = { client: s3, name: setting('archiveBucket'), pause: PATIENT.pause }
  const buffer = new DynamoTraceBuffer(table, clock)
  const rules = new S3RuleSource(
    { client: s3, name: setting('rulesBucket') },
    { compile: (files) => ruleSetOfRead(readSet(files)), clock, log, onStale: () => count('RulesNotRevalidated', 1) },
  )
  const evaluator = {
    buffer,
    rules,
    timers: new SqsTimers({ ...queues, backoff: PATIENT }, clock),
    archive: new S3ChunkArchive(archive),
    signals: new S3SignalStore(archive),
    publisher: new SnsSignalPublisher({ client: snsClient(), arn: setting('signalTopic'), backoff: PATIENT }),
    storms: new DynamoStormLedger(table, clock),
    metrics,
    clock,
    stopwatch: () => performance.now(),
    log,
    newToken: randomUUID,
    settings: judging(),
  }
  return { evaluator, buffer, rules }
}
