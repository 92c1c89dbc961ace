import { incidentKey } from '../../../shared/incidents/incident.ts'
import type { Mutant } from './mutants.ts'
import { KEYS } from './plan.ts'
import { IncidentSimulation, QUIET_MS } from './simulation.ts'

/** What one interleaving went through. */
export interface IncidentRun {
  readonly episodes: number
  readonly reopened: number
  readonly withdrawn: number
  readonly unexercised: number
  readonly byCount: number
  readonly byShare: number
  readonly held: number
  readonly flooded: number
  readonly endsWhileMuted: number
  readonly pages: number
  readonly messages: number
  readonly crashes: number
  readonly trouble: number
}

/** Runs the interleaving of a seed; throws, naming the seed, if a law of incidents is broken. */
export function checkIncidents(seed: number, mutant?: Mutant): IncidentRun {
  const simulation = new IncidentSimulation(seed, mutant)
  try {
    simulation.run()
    for (const key of KEYS) {
      checkEnds(simulation, key)
      checkMembers(simulation, key)
    }
    checkReceivers(simulation)
    for (const broken of simulation.observer.broken) law(false, broken)
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
  const { observer, vendors, store, crashes, flooded, endsWhileMuted } = simulation
  const ends = [...observer.ends.values()].flat()
  const heads = [...store.heads.values()]
  return {
    episodes: heads.reduce((sum, { episode }) => sum + episode, 0),
    reopened: ends.filter(({ head }) => head.opening > 1).length,
    withdrawn: ends.filter(({ head }) => head.ended === 'withdrawn').length,
    unexercised: ends.filter(({ head }) => head.ended === 'unexercised').length,
    byCount: observer.openings.count,
    byShare: observer.openings.share,
    held: ends.filter(({ head }) => head.ended === 'held').length,
    flooded,
    endsWhileMuted,
    pages: sumOf(vendors.pages),
    messages: sumOf(vendors.messages),
    crashes,
    trouble: sumOf(vendors.trouble),
  }
}

/** Every incident ends, and not before it may. */
function checkEnds({ store, observer }: IncidentSimulation, key: string): void {
  const head = store.heads.get(key)
  if (head === undefined) return
  law(head.state === 'resolved' || head.state === 'none', `it is ${head.state} in the end`)
  for (const { head: ended, live } of observer.ends.get(key) ?? [])
    law(ended.ended !== 'withdrawn' || live === 0, `withdrawn with ${live} live members`)
}

/** No signal is lost, none counts twice, and each lies in an episode that was open until it had been quiet. */
function checkMembers({ store, fired, retracted, observer, plan }: IncidentSimulation, key: string): void {
  const own = [...fired].filter(([, { data }]) => incidentKey(data.signal, undefined) === key)
  const members = [...(store.members.get(key)?.values() ?? [])]
  law(members.length === own.length, `${members.length} members of ${own.length} signals`)
  const live = own.filter(([id]) => !retracted.has(id)).length
  law(
    members.filter((member) => !member.retracted).length === live,
    'a member is live that was retracted, or the reverse',
  )
  const [first] = own
  if (first === undefined || plan.rules[first[1].data.signal]?.alert.kind !== 'each') return
  for (const [id, { time }] of own) {
    const firedMs = Date.parse(time)
    const all = observer.ends.get(key) ?? []
    law(
      all.some(({ head }) => firedMs <= (head.toMs ?? 0)),
      'a signal is in no episode',
    )
    if (retracted.has(id) || (observer.taken.get(id) ?? 0) >= firedMs + QUIET_MS) continue
    law(
      all.some(({ head }) => (head.toMs ?? 0) >= firedMs + QUIET_MS),
      'an episode ended before its signal was quiet',
    )
  }
}

/** Each opening pages once, and no alert is left open. */
function checkReceivers(simulation: IncidentSimulation): void {
  const { vendors, crashes, rows, store, closedWhileOpen, sentMuted } = simulation
  const { alerts, pages, messages, trouble } = vendors
  for (const [dedupKey, isOpen] of alerts) law(!isOpen, `${dedupKey} is left open at the pager`)
  for (const [dedupKey, count] of pages) law(count === 1, `${dedupKey} paged ${count} times`)
  for (const [dedupKey, count] of messages) {
    const most = 1 + crashes + (trouble.get(dedupKey) ?? 0)
    law(count <= most, `${dedupKey} has ${count} messages, of ${most} at most`)
  }
  for (const dedupKey of closedWhileOpen) law(false, `${dedupKey} was closed at the pager while it was open`)
  for (const dedupKey of sentMuted) law(false, `${dedupKey} was sent though it was muted`)
  for (const row of rows.all()) law(row.doing === undefined, 'a request is under way in the end')
  for (const [key, head] of store.heads) {
    for (let episode = 1; episode <= head.episode; episode++) {
      law(rows.get({ key, episode, receiver: 'pager' }) !== undefined, 'nobody was asked to tell of an episode')
    }
  }
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function law(holds: boolean, broken: string): void {
  if (!holds) throw new Error(broken)
}
