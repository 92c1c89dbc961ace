import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../bench/data/random.ts'
import { metric } from '../../../bench/load/served.ts'
import { archivedTraces } from '../disk/archived-traces.ts'
import { type IncidentsResult, incidentLaws, unfinished } from './incident-laws.ts'
import { note, receiveSignals } from './receiver.ts'
import { keepRules, SENDERS, type Sending, sendTraces } from './sender.ts'
import { addressOf, GROUPS, type Place, RULES, spawnServer, timeOn } from './server.ts'
import { startVendors, type Vendors } from './vendors.ts'

/**
 * When to kill: so many milliseconds after the process was begun (`start`: it may not listen yet) or listens (`load`;
 * `ends`: no rule is broken then, and incidents end), or after a number of spans were acknowledged, however slow the
 * machine is (`spans`).
 */
export interface Kill {
  readonly phase: 'start' | 'load' | 'ends' | 'spans'
  readonly after: number
}

/** A minute is a second: what incidents wait for comes in each round. */
const SPEED = 60

export interface CampaignOptions {
  /** An empty folder; the data of all rounds lies in it. */
  readonly folder: string
  readonly rounds: number
  /** Of what becomes of requests to the vendors. */
  readonly random: Random
  readonly kill: (round: number) => Kill
  readonly onRound?: (round: number, acknowledged: number) => void
}

/** The results of all rounds. Spans and signals are `trace id rule`: each span breaks a rule of its own. */
export interface CampaignResult {
  readonly acknowledged: ReadonlySet<string>
  /** Acknowledged, and in no verdict: no signal says that its rule was broken. */
  readonly unjudged: readonly string[]
  /** Acknowledged, and not in the archive as a reader sees it, or there twice. */
  readonly unarchived: readonly string[]
  /** Signals that the file of JSON lines lacks. */
  readonly untold: readonly string[]
  /** Signals that came under more than one id. */
  readonly renamed: readonly string[]
  readonly signals: number
  readonly deliveries: number
  readonly incidents: IncidentsResult
}

/** Kills at moments of a seed: while a server starts over what the last left behind, under load, while incidents end. */
export function seededKills(random: Random): (round: number) => Kill {
  return () => {
    const phase = random.pick(['start', 'load', 'load', 'ends'] as const)
    return { phase, after: random.below(phase === 'start' ? 900 : phase === 'load' ? 1_500 : 4_000) }
  }
}

/**
 * Kills a loaded server without warning, round after round over the same data, then lets one run until all is judged
 * and delivered and every incident ended, and compares what was acknowledged with verdicts, archive, webhook, file of JSON
 * lines and the receivers of incidents.
 */
export async function crashCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { folder, rounds, random, kill, onRound } = options
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  writeFileSync(join(rules, 'steps.rules'), RULES)
  const receiver = await receiveSignals()
  const vendors = await startVendors(random)
  const clock = { startMs: Date.now(), speed: SPEED }
  const jsonl = join(folder, 'signals.jsonl')
  const place = {
    data: join(folder, 'data'),
    rules,
    webhook: receiver.url,
    jsonl,
    notify: join(folder, 'notify.yaml'),
    clock,
  }
  writeFileSync(place.notify, vendors.notifyYaml)
  const acknowledged = new Set<string>()
  try {
    for (let round = 1; round <= rounds; round++) {
      await killedRound(place, round, kill(round), acknowledged)
      onRound?.(round, acknowledged.size)
    }
    await finish(place, vendors)
    const spans = await compare(place, acknowledged, receiver.delivered, receiver.deliveries())
    const incidents = incidentLaws(databaseOf(place), new Set([...acknowledged].map(violatedBy)), rounds, vendors)
    return { ...spans, incidents }
  } finally {
    receiver.server.close()
    vendors.close()
  }
}

function databaseOf({ data }: Place): string {
  return join(data, 'betrace.db')
}

/** Attributes of all spans of a round: each group of one rule breaks every third round, of others every seventh. */
function attributesOf(round: number): Sending['attributes'] {
  return { region: `r${round % 3}`, tenant: `t${round % 7}` }
}

/** The rule and group of an acknowledged span; its trace id says the round. */
function violatedBy(span: string): string {
  const [traceId = '', rule = ''] = span.split(' ')
  const round = Number.parseInt(traceId.slice(-13, -9), 16)
  const group = GROUPS[Number(rule.slice('STEP_'.length)) - 1]
  return group === undefined ? rule : `${rule} ${attributesOf(round)[group]}`
}

async function compare(
  { data, jsonl }: Place,
  acknowledged: ReadonlySet<string>,
  delivered: ReadonlyMap<string, ReadonlySet<string>>,
  deliveries: number,
): Promise<Omit<CampaignResult, 'incidents'>> {
  const archived = await archivedTraces(data)
  const isArchivedOnce = (span: string) => {
    const names = archived.get(span.slice(0, 32)) ?? []
    return names.filter((name) => name === span.slice(33).toLowerCase().replace('_', '.')).length === 1
  }
  const told = new Map<string, Set<string>>()
  for (const line of readFileSync(jsonl, 'utf8').trimEnd().split('\n')) note(told, line)
  const idsOf = (signal: string) => new Set([...(delivered.get(signal) ?? []), ...(told.get(signal) ?? [])])
  return {
    acknowledged,
    unjudged: [...acknowledged].filter((span) => !delivered.has(span)),
    unarchived: [...acknowledged].filter((span) => !isArchivedOnce(span)),
    untold: [...delivered.keys()].filter((signal) => !told.has(signal)),
    renamed: [...new Set([...delivered.keys(), ...told.keys()])].filter((signal) => idsOf(signal).size > 1),
    signals: delivered.size,
    deliveries,
  }
}

async function killedRound(place: Place, round: number, { phase, after }: Kill, acknowledged: Set<string>) {
  const child = spawnServer(place)
  const exit = once(child, 'exit')
  const isGone = () => child.exitCode !== null || child.signalCode !== null
  const enough = acknowledged.size + after
  const killLater = async () => {
    if (phase !== 'spans') await pause(after)
    while (phase === 'spans' && acknowledged.size < enough && !isGone()) await pause(1)
    child.kill('SIGKILL')
  }
  const atStart = phase === 'start' ? killLater() : undefined
  const url = await addressOf(child)
  if (url === undefined && phase !== 'start') throw new Error(`the server did not start again over ${place.data}`)
  if (url !== undefined) {
    const killing = atStart ?? killLater()
    const sendings = Array.from({ length: SENDERS + 1 }, (_, sender) => sendingOf(place, url, round, sender))
    const senders = phase === 'ends' ? [] : sendings.slice(1).map((each) => sendTraces(each, isGone, acknowledged))
    await Promise.all([killing, ...senders, ...sendings.slice(0, 1).map((each) => keepOn(each, isGone))])
  }
  await exit
}

function sendingOf({ clock }: Place, url: string, round: number, sender: number): Sending {
  const now = clock === undefined ? Date.now : () => timeOn(clock)
  return { url, sender: `${round.toString(16).padStart(4, '0')}${sender}`, attributes: attributesOf(round), now }
}

/** Keeps every rule until the server is gone, so that incidents end. */
async function keepOn(sending: Sending, isDone: () => boolean): Promise<void> {
  for (let turn = 1; !isDone(); turn++) {
    await keepRules(sending, turn)
    await pause(50)
  }
}

/** No trace id of a round begins like those of the end. */
const LAST_ROUND = 0xffff
const STALL_LIMIT_MS = 60_000
const WAITING = ['betrace_timers_waiting', 'betrace_webhook_waiting', 'betrace_json_lines_waiting']

/** Lets a server work off what is left, then end all incidents. */
async function finish(place: Place, vendors: Vendors): Promise<void> {
  const child = spawnServer(place)
  const exit = once(child, 'exit')
  const url = await addressOf(child)
  if (url === undefined) throw new Error(`the server did not start again over ${place.data}`)
  await lessAndLess('timers, deliveries or lines', async () => {
    const counts = await Promise.all(WAITING.map((name) => metric(url, name)))
    return counts.reduce((sum, count) => sum + count, 0)
  })
  vendors.calm()
  let ended = false
  const keeping = keepOn(sendingOf(place, url, LAST_ROUND, 0), () => ended)
  try {
    await lessAndLess('incidents or notifications', async () => unfinished(databaseOf(place)))
  } finally {
    ended = true
    await keeping
  }
  child.kill('SIGTERM')
  await exit
}

/** Waits until nothing is left; as long as it takes, while it gets less. */
async function lessAndLess(what: string, count: () => Promise<number>): Promise<void> {
  let best = { left: Infinity, atMs: performance.now() }
  for (let left = await count(); left > 0; left = await count()) {
    if (left < best.left) best = { left, atMs: performance.now() }
    if (performance.now() - best.atMs > STALL_LIMIT_MS) throw new Error(`${left} ${what} are left over`)
    await pause(50)
  }
}
