import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { dynamoClient, s3Client, snsClient } from '../../shared/aws/clients.ts'
import { DynamoExperiments } from '../../shared/aws/experiments/dynamo-experiments.ts'
import { readSet } from '../../shared/aws/rules/rule-sets.ts'
import { S3RuleSource } from '../../shared/aws/rules/s3-rule-source.ts'
import { SnsSignalPublisher } from '../../shared/aws/signals/sns-publisher.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { replayOf } from '../../shared/experiments/replay-store.ts'
import type { ExperimentSweep } from '../../shared/experiments/sweep.ts'
import { VERDICT_SAMPLES } from '../../shared/experiments/verdict.ts'
import { ruleSetOfRead } from '../../shared/pipeline/rule-set.ts'
import { judging, setting } from './environment.ts'
import type { Telemetry } from './telemetry.ts'

/** More of the archive than this a function cannot judge in its time; about 45 million spans. */
const MAX_BYTES = 2 * 1024 ** 3

/** What the verdicts on experiments are given with. */
export function experimentSweep({ log, metrics, count }: Telemetry): ExperimentSweep & {
  readonly experiments: DynamoExperiments
} {
  const clock = Date.now
  const s3 = s3Client()
  const rules = new S3RuleSource(
    { client: s3, name: setting('rulesBucket') },
    { compile: (files) => ruleSetOfRead(readSet(files)), clock, log, onStale: () => count('RulesNotRevalidated', 1) },
  )
  return {
    experiments: new DynamoExperiments({ client: dynamoClient(), name: setting('table'), backoff: PATIENT }, clock),
    publisher: new SnsSignalPublisher({ client: snsClient(), arn: setting('signalTopic'), backoff: PATIENT }),
    rules: async () => (await rules.current()).rules,
    replay: replayOf(s3ObjectStore({ client: s3, name: setting('archiveBucket') }), VERDICT_SAMPLES, MAX_BYTES),
    settings: judging(),
    clock,
    metrics,
    log,
  }
}
