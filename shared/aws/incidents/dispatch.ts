import { incidentFacts } from '../../incidents/compose-notice.ts'
import { DELIVERY } from '../../incidents/deliver.ts'
import { isOver, newDelivery, type StoredDelivery } from '../../incidents/delivery.ts'
import type { IncidentHead } from '../../incidents/incident.ts'
import type { NotifyConfig } from '../../incidents/notify/config.ts'
import { type RoutedReceiver, routeOf } from '../../incidents/routing/routes.ts'
import type { Clock } from '../../pipeline/ports.ts'
import type { DeliveryMessage, SendDeliveries } from './delivery-message.ts'
import type { DynamoDeliveries } from './dynamo-deliveries.ts'
import type { DynamoIncidents } from './dynamo-incidents.ts'
import { armCheck, firstLookMs, type LookDeps } from './look.ts'

/** What follows from a change of an incident needs this. */
export interface DispatchDeps extends Pick<LookDeps, 'checks' | 'timers'> {
  readonly incidents: DynamoIncidents
  readonly deliveries: DynamoDeliveries
  readonly send: SendDeliveries
  /** The routes that hold now. */
  readonly routes: () => Promise<Pick<NotifyConfig, 'routes'>>
  /** Names of receivers that are notified of every incident, whatever the routes. */
  readonly everything: readonly string[]
  readonly clock: Clock
  /** The CloudEvents source of every notice. */
  readonly source: string
}

/**
 * Asks for what follows from where an incident is now: a delivery for each receiver, and the next look. The same again
 * changes nothing that matters. `again`: also receivers that refused it are asked once more.
 */
export async function dispatchIncident(deps: DispatchDeps, key: string, again = false): Promise<void> {
  const head = await deps.incidents.readHead(key)
  if (head === undefined) return
  if (head.state !== 'none') await askReceivers(deps, key, head, again)
  const dueAtMs = firstLookMs(head, deps.clock())
  if (dueAtMs === undefined) await deps.checks.end(key, head.version)
  else await armCheck(deps, { key, version: head.version, dueAtMs })
}

async function askReceivers(deps: DispatchDeps, key: string, head: IncidentHead, again: boolean): Promise<void> {
  const { deliveries, send } = deps
  const known = await deliveries.of(key)
  const concerned = known.filter(({ id, row }) => id.episode === head.episode || !isOver(row))
  const looks = await Promise.all(concerned.map((delivery) => lookAgain(deps, delivery, again)))
  const added = await addDeliveries(deps, key, head, known)
  await send([...looks, ...added])
}

/** A row that is worked on is left alone: whoever works on it looks at the incident again, and the message comes after that. */
async function lookAgain(
  { deliveries, clock }: DispatchDeps,
  { id, row }: StoredDelivery,
  again: boolean,
): Promise<DeliveryMessage> {
  const nowMs = clock()
  if (row.leaseUntilMs > nowMs) return { ...id, dueAtMs: row.leaseUntilMs }
  const refused = row.refused && !again
  const written = await deliveries.write(id, { ...row, version: row.version + 1, refused, dueAtMs: nowMs })
  // Else somebody has just begun to work on it.
  return { ...id, dueAtMs: written ? nowMs : nowMs + DELIVERY.leaseMs }
}

async function addDeliveries(
  { deliveries, routes, everything, clock, source }: DispatchDeps,
  key: string,
  head: IncidentHead,
  known: readonly StoredDelivery[],
): Promise<readonly DeliveryMessage[]> {
  // Nobody is notified of an end who was not notified of the opening.
  if (head.state === 'resolved') return []
  const nowMs = clock()
  const { episode } = head
  const isKnown = (receiver: string) => known.some(({ id }) => id.episode === episode && id.receiver === receiver)
  const always: readonly Pick<RoutedReceiver, 'receiver' | 'updates' | 'ended'>[] = everything.map((receiver) => {
    return { receiver, updates: false, ended: true }
  })
  const wanted = [...routeOf(await routes(), incidentFacts(head, source)), ...always]
  const added = wanted.filter(({ receiver }) => !isKnown(receiver))
  await Promise.all(
    added.map(({ receiver, updates, ended }) =>
      deliveries.write({ key, episode, receiver }, newDelivery({ updates, ended }, nowMs)),
    ),
  )
  return added.map(({ receiver }) => ({ key, episode, receiver, dueAtMs: nowMs }))
}
