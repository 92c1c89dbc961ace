import middy from '@middy/core'
import type { ScheduledEvent } from 'aws-lambda'
import { s3ObjectStore } from '../shared/aws/archive/s3-object-store.ts'
import { dynamoClient, s3Client, snsClient } from '../shared/aws/clients.ts'
import { DynamoExperiments } from '../shared/aws/experiments/dynamo-experiments.ts'
import { readSet } from '../shared/aws/rules/rule-sets.ts'
import { S3RuleSource } from '../shared/aws/rules/s3-rule-source.ts'
import { SnsSignalPublisher } from '../shared/aws/signals/sns-publisher.ts'
import { PATIENT } from '../shared/aws/until-taken.ts'
import { replayOf } from '../shared/experiments/replay-store.ts'
import { type ExperimentSweep, giveDueVerdicts } from '../shared/experiments/sweep.ts'
import { VERDICT_SAMPLES } from '../shared/experiments/verdict.ts'
import { ruleSetOfRead } from '../shared/pipeline/rule-set.ts'
import { judging, setting } from './support/environment.ts'
import { telemetry } from './support/telemetry.ts'

const { log, metrics, middleware, count } = telemetry()
const clock = Date.now
const s3 = s3Client()
const experiments = new DynamoExperiments({ client: dynamoClient(), name: setting('table'), backoff: PATIENT }, clock)
const rules = new S3RuleSource(
  { client: s3, name: setting('rulesBucket') },
  { compile: (files) => ruleSetOfRead(readSet(files)), clock, log, onStale: () => count('RulesNotRevalidated', 1) },
)

/** More of the archive than this a function cannot judge in its time; about 45 million spans. */
const MAX_BYTES = 2 * 1024 ** 3

const sweep: ExperimentSweep = {
  experiments,
  publisher: new SnsSignalPublisher({ client: snsClient(), arn: setting('signalTopic'), backoff: PATIENT }),
  rules: async () => (await rules.current()).rules,
  replay: replayOf(s3ObjectStore({ client: s3, name: setting('archiveBucket') }), VERDICT_SAMPLES, MAX_BYTES),
  settings: judging(),
  clock,
  metrics,
  log,
}

/** Runs every minute: gives the verdicts on experiments that are due, one invocation at a time. */
export const handler = middy<ScheduledEvent, void>()
  .use(middleware)
  .handler(async (_, context) => {
    const untilMs = clock() + context.getRemainingTimeInMillis()
    if (!(await experiments.takeTurn(untilMs))) return
    try {
      const given = await giveDueVerdicts(sweep)
      if (given > 0) log('info', 'verdicts given', { given })
    } finally {
      await experiments.endTurn(untilMs)
    }
  })
