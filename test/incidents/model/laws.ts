import { incidentKey } from '../../../shared/incidents/incident.ts'
import { IncidentSimulation, KEYS, type Mutant, QUIET_MS } from './simulation.ts'

/** What one interleaving went through. */
export interface IncidentRun {
  readonly episodes: number
  readonly reopened: number
  readonly withdrawn: number
  readonly unexercised: number
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
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
  const ends = [...simulation.ends.values()].flat()
  const heads = [...simulation.store.heads.values()]
  return {
    episodes: heads.reduce((sum, { episode }) => sum + episode, 0),
    reopened: ends.filter(({ head }) => head.opening > 1).length,
    withdrawn: ends.filter(({ head }) => head.ended === 'withdrawn').length,
    unexercised: ends.filter(({ head }) => head.ended === 'unexercised').length,
    pages: sumOf(simulation.pages),
    messages: sumOf(simulation.messages),
    crashes: simulation.crashes,
    trouble: sumOf(simulation.trouble),
  }
}

/** Every incident ends, and not before it may. */
function checkEnds({ store, ends }: IncidentSimulation, key: string): void {
  const head = store.heads.get(key)
  if (head === undefined) return
  law(head.state === 'resolved' || head.state === 'none', `it is ${head.state} in the end`)
  for (const { head: ended, live, held } of ends.get(key) ?? []) {
    law(ended.ended !== 'withdrawn' || live === 0, `withdrawn with ${live} live members`)
    law(ended.ended !== 'held' || held >= 3, `it ended as held though it held ${held} times`)
  }
}

/** No signal is lost, none counts twice, and each lies in an episode that was open until it had been quiet. */
function checkMembers({ store, fired, retracted, taken, ends, alertRules }: IncidentSimulation, key: string): void {
  const own = [...fired].filter(([, { data }]) => incidentKey(data.signal, undefined) === key)
  const members = [...(store.members.get(key)?.values() ?? [])]
  law(members.length === own.length, `${members.length} members of ${own.length} signals`)
  const live = own.filter(([id]) => !retracted.has(id)).length
  law(
    members.filter((member) => !member.retracted).length === live,
    'a member is live that was retracted, or the reverse',
  )
  const [first] = own
  if (first === undefined || alertRules[first[1].data.signal]?.alert.kind !== 'each') return
  for (const [id, { time }] of own) {
    const firedMs = Date.parse(time)
    const all = ends.get(key) ?? []
    law(
      all.some(({ head }) => firedMs <= (head.toMs ?? 0)),
      'a signal is in no episode',
    )
    if (retracted.has(id) || (taken.get(id) ?? 0) >= firedMs + QUIET_MS) continue
    law(
      all.some(({ head }) => (head.toMs ?? 0) >= firedMs + QUIET_MS),
      'an episode ended before its signal was quiet',
    )
  }
}

/** Each opening pages once, and no alert is left open. */
function checkReceivers(simulation: IncidentSimulation): void {
  const { alerts, pages, messages, trouble, crashes, rows, store } = simulation
  for (const [dedupKey, isOpen] of alerts) law(!isOpen, `${dedupKey} is left open at the pager`)
  for (const [dedupKey, count] of pages) law(count === 1, `${dedupKey} paged ${count} times`)
  for (const [dedupKey, count] of messages) {
    const most = 1 + crashes + (trouble.get(dedupKey) ?? 0)
    law(count <= most, `${dedupKey} has ${count} messages, of ${most} at most`)
  }
  for (const dedupKey of simulation.closedWhileOpen) law(false, `${dedupKey} was closed at the pager while it was open`)
  for (const row of rows.values()) law(row.doing === undefined, 'a request is under way in the end')
  for (const [key, head] of store.heads) {
    for (let episode = 1; episode <= head.episode; episode++) {
      law(simulation.rowsOf(key, episode) !== undefined, 'nobody was asked to tell of an episode')
    }
  }
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function law(holds: boolean, broken: string): void {
  if (!holds) throw new Error(broken)
}
