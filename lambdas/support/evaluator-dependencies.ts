import { randomUUID } from 'node:crypto'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { S3ParquetArchive, S3SignalStore } from '../../shared/aws/archive/s3-archive.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { DynamoTraceBuffer } from '../../shared/aws/buffer/dynamo-buffer.ts'
import { SqsTimers } from '../../shared/aws/buffer/sqs-timers.ts'
import { dynamoClient, s3Client, snsClient, sqsClient } from '../../shared/aws/clients.ts'
import { DynamoExperiments } from '../../shared/aws/experiments/dynamo-experiments.ts'
import { DynamoIncidents } from '../../shared/aws/incidents/dynamo-incidents.ts'
import { DynamoIncidentLedger } from '../../shared/aws/incidents/dynamo-ledger.ts'
import { IncidentChecks } from '../../shared/aws/incidents/incident-checks.ts'
import type { LookDeps } from '../../shared/aws/incidents/look.ts'
import { readSet } from '../../shared/aws/rules/rule-sets.ts'
import { S3RuleSource } from '../../shared/aws/rules/s3-rule-source.ts'
import { DynamoFiring } from '../../shared/aws/signals/dynamo-firing.ts'
import { SnsSignalPublisher } from '../../shared/aws/signals/sns-publisher.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { newSemaphore, type Semaphore } from '../../shared/concurrency/semaphore.ts'
import { incidentSettings } from '../../shared/incidents/context.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'
import { experimentCalendar } from '../../shared/pipeline/experiment-calendar.ts'
import type { Archive, SignalStore } from '../../shared/pipeline/ports.ts'
import { ruleSetOfRead } from '../../shared/pipeline/rule-set.ts'
import { SignalRate } from '../../shared/pipeline/signal-rate.ts'
import { judging, redactedKeys, setting } from './environment.ts'
import type { Telemetry } from './telemetry.ts'

/** The pipeline's evaluator over the stack's stores, and what of it the handler asks beyond the ports. */
export interface EvaluatorDependencies {
  readonly evaluator: Evaluator
  readonly buffer: DynamoTraceBuffer
  readonly rules: S3RuleSource
  readonly incidents: DynamoIncidentLedger
  /** What looks at incidents that may be over. */
  readonly looks: LookDeps
  /** Of the traces worked on. */
  readonly semaphore: Semaphore
}

/** Traces worked on side by side: enough to wait for storage together, few enough for large ones to fit in memory. */
const WIDTH = 16
/** A trace of more bytes keeps its place while it waits to be archived. */
const SMALL_TRACE_BYTES = 256 * 1024
/** The longest that archiving waits for other traces of the invocation: one of them may be held up by a slow service. */
const PATIENCE_MS = 2_000

/** Half of the default quiet period: an event reported while a trace ran is known when the trace is judged. */
const EXPERIMENTS_CACHE_MS = 15_000

/** Puts the evaluator together from the function's environment. */
export function evaluatorDependencies({ log, metrics, count }: Telemetry): EvaluatorDependencies {
  const clock = Date.now
  const settings = judging()
  const semaphore = newSemaphore(WIDTH)
  const table = { client: dynamoClient(), name: setting('table'), backoff: PATIENT }
  const queues = { client: sqsClient(), timersUrl: setting('timersUrl'), deadLettersUrl: setting('deadLettersUrl') }
  const s3 = s3Client()
  const archive = { client: s3, name: setting('archiveBucket'), pause: PATIENT.pause }
  const buffer = new DynamoTraceBuffer(table, clock)
  const rules = new S3RuleSource(
    { client: s3, name: setting('rulesBucket') },
    {
      compile: (files) => ruleSetOfRead(readSet(files), settings.runbookBase),
      clock,
      log,
      onStale: () => count('RulesNotRevalidated', 1),
    },
  )
  const timers = new SqsTimers({ ...queues, backoff: PATIENT }, clock)
  const incidentTable = { client: table.client, name: setting('incidentTable'), backoff: PATIENT }
  const looks = {
    incidents: new DynamoIncidents(incidentTable, clock),
    checks: new IncidentChecks(incidentTable, clock),
    timers,
    rules,
    settings: incidentSettings(settings),
    clock,
  }
  const incidents = new DynamoIncidentLedger({ ...looks, log })
  const evaluator = {
    buffer,
    rules,
    experiments: experimentCalendar(new DynamoExperiments(table, clock), clock, settings, EXPERIMENTS_CACHE_MS),
    timers,
    archive: sharedObjects(s3ObjectStore(archive, redactedKeys()), semaphore),
    signals: recordedIn(new S3SignalStore(archive), new DynamoFiring(table, clock)),
    publisher: new SnsSignalPublisher({ client: snsClient(), arn: setting('signalTopic'), backoff: PATIENT }),
    signalRate: new SignalRate(settings.maxSignalsPerMinute),
    incidents,
    metrics,
    clock,
    stopwatch: () => performance.now(),
    log,
    newToken: randomUUID,
    settings,
  }
  return { evaluator, buffer, rules, incidents, looks, semaphore }
}

/** A stop condition may count a signal twice, but never before the signal is stored. */
function recordedIn(kept: SignalStore, firing: SignalStore): SignalStore {
  return {
    async record(signals) {
      await kept.record(signals)
      await firing.record(signals)
    },
  }
}

/**
 * Archives the traces of an invocation together, usually one object an hour: small traces make room for others while
 * they wait, and the object is written when all that are left wait for it.
 */
function sharedObjects(store: ObjectStore, semaphore: Semaphore): Archive {
  const patience = () => Promise.race([semaphore.idle(), PATIENT.pause(PATIENCE_MS)])
  const archive = new S3ParquetArchive(store, patience)
  return {
    write(entry) {
      const bytes = entry.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
      return semaphore.wait(bytes <= SMALL_TRACE_BYTES, () => archive.write(entry))
    },
  }
}
