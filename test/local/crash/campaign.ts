import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../bench/data/random.ts'
import { metric } from '../../../bench/load/served.ts'
import { archivedTraces } from '../disk/archived-traces.ts'
import { note, receiveSignals } from './receiver.ts'
import { SENDERS, sendTraces } from './sender.ts'
import { addressOf, type Place, RULES, spawnServer } from './server.ts'

/**
 * When to kill: so many milliseconds after the process was begun (`start`: it may not listen yet) or listens (`load`),
 * or after a number of spans were acknowledged, however slow the machine is (`spans`).
 */
export interface Kill {
  readonly phase: 'start' | 'load' | 'spans'
  readonly after: number
}

export interface CampaignOptions {
  /** An empty folder; the data of all rounds lies in it. */
  readonly folder: string
  readonly rounds: number
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
}

/** Kills at moments of a seed: a third while a server starts over what the last left behind, the others under load. */
export function seededKills(random: Random): (round: number) => Kill {
  return () =>
    random.below(3) === 0 ? { phase: 'start', after: random.below(900) } : { phase: 'load', after: random.below(1_500) }
}

/**
 * Kills a loaded server without warning, round after round over the same data, then lets one run until all is judged
 * and delivered, and compares what was acknowledged with verdicts, archive, webhook and file of JSON lines.
 */
export async function crashCampaign({ folder, rounds, kill, onRound }: CampaignOptions): Promise<CampaignResult> {
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  writeFileSync(join(rules, 'steps.rules'), RULES)
  const receiver = await receiveSignals()
  const place = { data: join(folder, 'data'), rules, webhook: receiver.url, jsonl: join(folder, 'signals.jsonl') }
  const acknowledged = new Set<string>()
  try {
    for (let round = 1; round <= rounds; round++) {
      await killedRound(place, round, kill(round), acknowledged)
      onRound?.(round, acknowledged.size)
    }
    await finish(place)
    return await compare(place, acknowledged, receiver.delivered, receiver.deliveries())
  } finally {
    receiver.server.close()
  }
}

async function compare(
  { data, jsonl }: Place,
  acknowledged: ReadonlySet<string>,
  delivered: ReadonlyMap<string, ReadonlySet<string>>,
  deliveries: number,
): Promise<CampaignResult> {
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
    const senders = Array.from({ length: SENDERS }, (_, sender) => {
      return sendTraces(url, `${round.toString(16).padStart(4, '0')}${sender}`, isGone, acknowledged)
    })
    await Promise.all([killing, ...senders])
  }
  await exit
}

const STALL_LIMIT_MS = 60_000
const WAITING = ['betrace_timers_waiting', 'betrace_webhook_waiting', 'betrace_json_lines_waiting']

/** Lets a server work off what is left. */
async function finish(place: Place): Promise<void> {
  const child = spawnServer(place)
  const exit = once(child, 'exit')
  const url = await addressOf(child)
  if (url === undefined) throw new Error(`the server did not start again over ${place.data}`)
  const waiting = async () => {
    const counts = await Promise.all(WAITING.map((name) => metric(url, name)))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  // As long as it takes, while it gets less.
  let best = { left: Infinity, atMs: performance.now() }
  for (let left = await waiting(); left > 0; left = await waiting()) {
    if (left < best.left) best = { left, atMs: performance.now() }
    if (performance.now() - best.atMs > STALL_LIMIT_MS)
      throw new Error(`${left} timers, deliveries or lines are left over`)
    await pause(50)
  }
  child.kill('SIGTERM')
  await exit
}
