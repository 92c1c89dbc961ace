import { SqsTimers } from '../../shared/aws/buffer/sqs-timers.ts'
import { dynamoClient, s3Client, sqsClient } from '../../shared/aws/clients.ts'
import { sqsDeliveries } from '../../shared/aws/incidents/delivery-message.ts'
import type { DispatchDeps } from '../../shared/aws/incidents/dispatch.ts'
import { DynamoDeliveries } from '../../shared/aws/incidents/dynamo-deliveries.ts'
import { DynamoFloods } from '../../shared/aws/incidents/dynamo-floods.ts'
import { DynamoIncidents } from '../../shared/aws/incidents/dynamo-incidents.ts'
import { DynamoMutes } from '../../shared/aws/incidents/dynamo-mutes.ts'
import { IncidentChecks } from '../../shared/aws/incidents/incident-checks.ts'
import { S3NotifySource } from '../../shared/aws/incidents/s3-notify-source.ts'
import type { SweepDeps } from '../../shared/aws/incidents/sweep.ts'
import { INCIDENT_TOPIC } from '../../shared/aws/incidents/topic-receiver.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import type { References } from '../../shared/incidents/notify/references.ts'
import { judging, setting } from './environment.ts'
import type { Telemetry } from './telemetry.ts'

/** The file of receivers in the stack's bucket; without `references` its routes alone can be used. */
export function notifySource({ log, count }: Telemetry, references?: () => References): S3NotifySource {
  const onProblem = () => count('ReceiversRejected', 1)
  return new S3NotifySource(
    { client: s3Client(), name: setting('rulesBucket') },
    { references, clock: Date.now, log, onProblem },
  )
}

/** Incidents and deliveries of the stack, and the messages about them. */
export function incidentStores() {
  const clock = Date.now
  const table = { client: dynamoClient(), name: setting('incidentTable'), backoff: PATIENT }
  return {
    incidents: new DynamoIncidents(table, clock),
    deliveries: new DynamoDeliveries(table, clock),
    mutes: new DynamoMutes(table, clock),
    floods: new DynamoFloods(table, clock),
    send: sqsDeliveries({ client: sqsClient(), url: setting('deliveriesUrl'), backoff: PATIENT }, clock),
    checks: new IncidentChecks(table, clock),
    clock,
    source: judging().source,
  }
}

/** What follows from a change of an incident is asked for with these. */
export function dispatchDependencies(notify: S3NotifySource): DispatchDeps & Pick<SweepDeps, 'mutes'> {
  const queues = { client: sqsClient(), timersUrl: setting('timersUrl'), deadLettersUrl: setting('deadLettersUrl') }
  return {
    ...incidentStores(),
    timers: new SqsTimers({ ...queues, backoff: PATIENT }, Date.now),
    routes: () => notify.current(),
    everything: [INCIDENT_TOPIC],
  }
}
