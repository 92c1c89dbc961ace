import { S3SignalStore } from '../../shared/aws/archive/s3-archive.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { s3Client, snsClient } from '../../shared/aws/clients.ts'
import type { ReplayDependencies } from '../../shared/aws/replay/replay-steps.ts'
import { SnsSignalPublisher } from '../../shared/aws/signals/sns-publisher.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { judging, setting } from './environment.ts'
import type { Telemetry } from './telemetry.ts'

/** What all functions of a replay share, from the function's environment. */
export function replayDependencies({ metrics }: Telemetry): ReplayDependencies {
  const client = s3Client()
  const archive = { client, name: setting('archiveBucket'), pause: PATIENT.pause }
  const topic = { client: snsClient(), arn: setting('signalTopic'), backoff: PATIENT }
  return {
    store: s3ObjectStore(archive),
    rules: { client, name: setting('rulesBucket') },
    publishing: {
      source: judging().source,
      signals: new S3SignalStore(archive),
      publisher: new SnsSignalPublisher(topic),
      clock: Date.now,
      metrics,
    },
    pause: PATIENT.pause,
  }
}
