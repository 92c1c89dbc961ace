import { DatabaseSync } from 'node:sqlite'
import type { DeliveryRow } from '../../../shared/incidents/delivery.ts'
import { type IncidentHead, incidentKey } from '../../../shared/incidents/incident.ts'
import { shownName } from '../../../shared/incidents/text/shown.ts'
import { GROUPS } from './server.ts'
import type { Vendors } from './vendors.ts'

/** What became of incidents: counts, and a sentence for each law that is broken. */
export interface IncidentsResult {
  readonly incidents: number
  /** Openings that the pager was told of, and messages that told the chat of one. */
  readonly pages: number
  readonly messages: number
  readonly reopened: number
  readonly broken: readonly string[]
}

interface StoredDelivery {
  readonly key: string
  readonly receiver: string
  readonly row: DeliveryRow
}

/**
 * Compares the incidents of a database with what the vendors have. `violated`: the rules that acknowledged spans broke,
 * with their groups (`STEP_2 r1`). `crashes`: how often the server was killed.
 */
export function incidentLaws(path: string, violated: ReadonlySet<string>, crashes: number, vendors: Vendors) {
  const { heads, deliveries } = readIncidents(path)
  const broken = [
    ...[...violated].filter((each) => !heads.has(keyOf(each))).map((each) => `${each} had no incident`),
    ...[...heads.values()]
      .filter(({ state }) => state !== 'resolved')
      .map((head) => `${nameOf(head)} is ${head.state}`),
    ...deliveries
      .filter(({ row }) => row.notified === 'open' || row.doing !== undefined)
      .map(({ key, receiver, row }) => `${receiver} is ${row.notified}, ${row.doing ?? 'nothing'} under way: ${key}`),
    ...pagerLaws(heads, deliveries, vendors),
    ...chatLaws(heads, deliveries, crashes, vendors),
  ]
  const { pagerDuty, slack } = vendors
  return {
    incidents: heads.size,
    pages: pagerDuty.alerts.length,
    messages: slack.roots().length,
    reopened: pagerDuty.alerts.filter(({ dedupKey }) => !dedupKey.endsWith('.1.1')).length,
    broken,
  } satisfies IncidentsResult
}

/** Incidents that are open, and deliveries that somebody has to look at. */
export function unfinished(path: string): number {
  return inDatabase(path, (database) => {
    const sql = `SELECT (SELECT count(*) FROM incidents WHERE state <> 'resolved') +
      (SELECT count(*) FROM incident_deliveries WHERE due_ms IS NOT NULL) AS count`
    return Number(database.prepare(sql).get()?.count)
  })
}

function pagerLaws(
  heads: ReadonlyMap<string, IncidentHead>,
  deliveries: readonly StoredDelivery[],
  { pagerDuty }: Vendors,
): readonly string[] {
  const known = new Set(deliveries.filter(({ receiver }) => receiver === 'oncall').map(({ key }) => key))
  const pages = new Map<string, number>()
  for (const { dedupKey } of pagerDuty.alerts) pages.set(dedupKey, (pages.get(dedupKey) ?? 0) + 1)
  const rules = new Set([...pages.keys()].map((dedupKey) => heads.get(dedupKey.slice(8, 40))?.about.rule))
  return [
    ...[...pages].filter(([, count]) => count > 1).map(([dedupKey, count]) => `${dedupKey} paged ${count} times`),
    ...pagerDuty.openAlerts().map(({ dedupKey }) => `${dedupKey} is left open at the pager`),
    // The notice of a flood has a key of its own.
    ...[...pages.keys()]
      .filter((key) => !known.has(/^betrace\/(\w+)/.exec(key)?.[1] ?? ''))
      .map((key) => `nothing opened ${key}`),
    ...[...heads.values()].filter(({ about }) => !rules.has(about.rule)).map((head) => `${nameOf(head)} paged nobody`),
  ]
}

/** A chat knows no keys: what may have been taken is posted again. */
function chatLaws(
  heads: ReadonlyMap<string, IncidentHead>,
  deliveries: readonly StoredDelivery[],
  crashes: number,
  { slack, unknownEnds }: Vendors,
): readonly string[] {
  return [...heads].flatMap(([key, head]) => {
    const rows = deliveries.filter((each) => each.key === key && each.receiver === 'chat')
    const isAbout = (text: string) => isHeadlineOf(head, text)
    const openings = rows.reduce((sum, { row }) => sum + row.opening, 0)
    const most = openings + crashes + unknownEnds.filter(isAbout).length
    const count = slack.messages.filter(
      ({ texts, thread, broadcast }) => isAbout(texts[0] ?? '') && (thread === undefined || broadcast),
    ).length
    return count > most ? [`${nameOf(head)} has ${count} messages, of ${most} at most`] : []
  })
}

function isHeadlineOf({ about: { rule, group } }: IncidentHead, text: string): boolean {
  const isOfGroup = group === undefined || text.includes(`(${shownName(group.name)} = ${shownName(group.value)})`)
  return text.startsWith(`${shownName(rule)} `) && isOfGroup
}

function keyOf(violated: string): string {
  const [rule = '', value = ''] = violated.split(' ')
  const name = GROUPS[Number(rule.slice('STEP_'.length)) - 1]
  return incidentKey(rule, name === undefined ? undefined : { name, value })
}

function nameOf({ about: { rule, group } }: IncidentHead): string {
  return group === undefined ? rule : `${rule} ${group.value}`
}

function readIncidents(path: string) {
  return inDatabase(path, (database) => {
    const incidents = database.prepare('SELECT key, head FROM incidents').all()
    const deliveries = database.prepare('SELECT key, receiver, row FROM incident_deliveries').all()
    return {
      heads: new Map(incidents.map(({ key, head }) => [String(key), JSON.parse(String(head)) as IncidentHead])),
      deliveries: deliveries.map(({ key, receiver, row }): StoredDelivery => {
        return { key: String(key), receiver: String(receiver), row: JSON.parse(String(row)) as DeliveryRow }
      }),
    }
  })
}

function inDatabase<Result>(path: string, read: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    return read(database)
  } finally {
    database.close()
  }
}
