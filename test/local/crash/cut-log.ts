import { once } from 'node:events'
import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../bench/data/random.ts'
import { recoverDatabase } from '../../../local/recovery/recover.ts'
import { missing, readLostWrites } from '../../../local/sqlite/lost-writes.ts'
import { SENDERS, sendTraces, TRACES_OF_A_REQUEST } from './sender.ts'
import { addressOf, type Place, RULES, spawnServer } from './server.ts'

/** What came of one loaded server that was killed, and whose write-ahead log then lost its end. */
export interface CutResult {
  readonly how: string
  readonly acknowledged: number
  /** Spans that were left, and spans that are said to be missing. */
  readonly left: number
  readonly told: number
  /** What `/healthz` says after the next start. */
  readonly health: string
}

const HOUR_MS = 3_600_000

/** Spans that were sent and not answered when the server was killed, at most. */
const IN_FLIGHT = SENDERS * TRACES_OF_A_REQUEST

/** True where what is left and what is said to be missing add up to what was acknowledged, and health says so. */
export function addsUp({ acknowledged, left, told, health }: CutResult): boolean {
  const known = left + told
  return known >= acknowledged && known <= acknowledged + IN_FLIGHT && health === (told > 0 ? 'degraded' : 'ok')
}

/** Kills a loaded server once so many spans were acknowledged, cuts or removes its log, and starts another over it. */
export async function cutLog(folder: string, spans: number, random: Random): Promise<CutResult> {
  const rules = join(folder, 'rules')
  mkdirSync(rules, { recursive: true })
  writeFileSync(join(rules, 'steps.rules'), RULES)
  const place = {
    data: join(folder, 'data'),
    rules,
    webhook: 'http://127.0.0.1:1/',
    jsonl: join(folder, 'signals.jsonl'),
    chunkRetentionMs: HOUR_MS,
  }
  const acknowledged = await killedUnderLoad(place, spans)
  const path = join(place.data, 'betrace.db')
  const how = damageLog(`${path}-wal`, random)
  let child = spawnServer(place)
  let url = await addressOf(child)
  if (url === undefined) {
    await recoverDatabase({ dataFolder: place.data, nowMs: Date.now() })
    child = spawnServer(place)
    url = await addressOf(child)
  }
  const { status } = (await (await fetch(`${url}/healthz`)).json()) as { status: string }
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
  return { how, acknowledged, left: spansIn(path), told: missing(readLostWrites(path)).spans, health: status }
}

async function killedUnderLoad(place: Place, spans: number): Promise<number> {
  const child = spawnServer(place)
  const exit = once(child, 'exit')
  const url = await addressOf(child)
  if (url === undefined) throw new Error(`the server did not start over ${place.data}`)
  const acknowledged = new Set<string>()
  const isGone = () => child.exitCode !== null || child.signalCode !== null
  const senders = Array.from({ length: SENDERS }, (_, sender) => {
    return sendTraces({ url, sender: `1${sender}`, attributes: {}, now: Date.now }, isGone, acknowledged)
  })
  while (acknowledged.size < spans && !isGone()) await pause(1)
  child.kill('SIGKILL')
  await Promise.all(senders)
  await exit
  return acknowledged.size
}

function damageLog(path: string, random: Random): string {
  if (random.below(5) === 0) {
    rmSync(path)
    return 'the log removed'
  }
  const left = random.below(statSync(path).size + 1)
  truncateSync(path, left)
  return `the log cut off after ${left} bytes`
}

function spansIn(path: string): number {
  const database = new DatabaseSync(path)
  const { spans } = database.prepare('SELECT total(span_count) AS spans FROM chunks').get() as { spans: number }
  database.close()
  return spans
}
