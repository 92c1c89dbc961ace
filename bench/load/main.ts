import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { machine, saveResult } from '../machine.ts'
import { positive } from '../options.ts'
import { type Bodies, recordedBodies, shopBodies } from './bodies.ts'
import { type DriveResult, drive, percentileMs, together } from './drive.ts'
import { FLOOD_TRACES, floodServer } from './flood.ts'
import { metric, type Served, serveBetrace, serveSink } from './served.ts'

/*
 * npm run load -- [--seconds N] [--soak-minutes N] [--connections N] [--traces FILE]… [--quick] [--save]
 * Drives `betrace serve`, in a process of its own, over keep-alive connections with traces of a shop, or with those of
 * files (OTLP as JSON or protobuf), sent again and again under new ids and times: as fast as it answers,
 * steadily at 80 % of what it kept up with, and with far more than it can judge; then with a flood of one client beside
 * another. Exits 1 where something that must hold does not. `--quick` is a burst of two seconds alone: whether all of it is stored and judged. `--save` writes
 * bench/results/load.json.
 */

const SPANS_OF_A_TRACE = 20
const SPANS_OF_A_REQUEST = 100
/** Of the same memory, what the end of a steady run may hold of its middle. */
const FLAT_MEMORY = 1.15
/** Journals that may wait where the archive keeps up with judging. */
const ARCHIVE_KEEPS_UP = 4
const DRAIN_LIMIT_MS = 600_000
const FLOOD_LIMIT_MS = 300_000

interface Load {
  readonly bodies: Bodies
  readonly connections: number
}

/** What must hold, as it was found. */
interface Finding {
  readonly what: string
  readonly measured: string
  readonly holds: boolean
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      'soak-minutes': { type: 'string', default: '1' },
      connections: { type: 'string', default: '16' },
      traces: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  })
  if (values.quick && values.save) throw new Error('--quick measures too little to be saved; leave out one of the two')
  const seconds = positive(values.seconds)
  const soakMinutes = positive(values['soak-minutes'])
  const { traces: files } = values
  const traffic = { traces: 500, spansOfATrace: SPANS_OF_A_TRACE, services: 8, spansOfARequest: SPANS_OF_A_REQUEST }
  const bodies = files.length > 0 ? await recordedBodies(files, SPANS_OF_A_REQUEST) : shopBodies(traffic)
  const load = { bodies, connections: positive(values.connections) }
  const findings = values.quick
    ? await quickFindings(load)
    : [...(await findingsOf(load, seconds * 1000, soakMinutes * 60_000)), ...(await floodFindings(seconds * 1000))]
  for (const { what, measured, holds } of findings) console.log(`${holds ? '  ' : '! '}${what}: ${measured}`)
  if (values.save) saveResult('load', { seconds, soakMinutes, connections: load.connections, findings })
  console.log(`on ${machine().processor}, Node ${process.version}`)
  process.exitCode = findings.every(({ holds }) => holds) ? 0 : 1
}

/** Nobody's flood delays another's traces by more. */
const FLOOD_DELAY_MS = 10_000

/** What a client with a trace a second sees while another floods. */
async function floodFindings(durationMs: number): Promise<readonly Finding[]> {
  const { floodAnswers, answers, latenciesMs, judgedAfterMs } = await floodServer(durationMs)
  const last = (values: readonly number[]) => (values.at(-1) ?? Number.NaN) / 1000
  const asText = (counts: ReadonlyMap<number, number>) =>
    [...counts].map(([status, n]) => `${n} x ${status}`).join(', ')
  const isServed = answers.size === 1 && answers.has(200)
  const isJudged = judgedAfterMs.length === answers.get(200) && last(judgedAfterMs) * 1000 < FLOOD_DELAY_MS
  return [
    note(
      `a flood: ${whole(FLOOD_TRACES)} traces of a span a request, four at a time`,
      `answers ${asText(floodAnswers)}`,
    ),
    note(
      'another client meanwhile',
      `answers ${asText(answers)}, the slowest after ${last(latenciesMs).toFixed(2)} s`,
      isServed,
    ),
    note('its traces judged after they were due, at the latest', `${last(judgedAfterMs).toFixed(1)} s`, isJudged),
  ]
}

const QUICK_MS = 2_000

async function quickFindings(load: Load): Promise<readonly Finding[]> {
  return serving(async (server) => {
    const burst = await drive({ url: server.url, ...load, durationMs: QUICK_MS })
    const refused = [...burst.statuses.keys()].some((status) => status !== 200)
    return [{ ...rate('a burst', burst), holds: !refused }, await nothingLost(server, burst.acceptedSpans)]
  })
}

/** Starts a server over an empty folder for as long as `use` takes. */
async function serving<Result>(use: (server: Served) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-load-'))
  const server = await serveBetrace(folder)
  try {
    return await use(server)
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function findingsOf(load: Load, peakMs: number, soakMs: number): Promise<readonly Finding[]> {
  const { plain, sinkRssBytes } = await driveSink(load, peakMs / 2)
  return serving(async (server) => {
    const burst = await drive({ url: server.url, ...load, durationMs: peakMs })
    const burstRssBytes = server.rssBytes()
    const drainMs = await drained(server)
    const sustained = burst.acceptedSpans / ((burst.durationMs + drainMs) / 1000)
    const soak = await steady(server, load, (0.8 * sustained) / load.bodies.spansOfARequest, soakMs)
    await drained(server)
    const over = await overCapacity(server, load, peakMs)
    const accepted = burst.acceptedSpans + soak.result.acceptedSpans + over.acceptedSpans
    return [
      rate('a server that only reads and answers', plain, sinkRssBytes),
      rate('a burst', burst, burstRssBytes),
      note('spans received and judged, steadily', `${whole(sustained)} spans/s`),
      ...soak.findings,
      ...over.findings,
      await nothingLost(server, accepted),
    ]
  })
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const note = (what: string, measured: string, holds = true): Finding => ({ what, measured, holds })

function rate(what: string, result: DriveResult, rssBytes?: number): Finding {
  const spansPerSecond = result.acceptedSpans / (result.durationMs / 1000)
  const latency = `p50 ${percentileMs(result, 0.5).toFixed(1)} ms, p99 ${percentileMs(result, 0.99).toFixed(1)} ms`
  const memory = rssBytes === undefined ? '' : `, ${whole(rssBytes / 1e6)} MB resident`
  return note(what, `${whole(spansPerSecond)} spans/s accepted, ${latency}, answers ${answers(result)}${memory}`)
}

const answers = ({ statuses }: DriveResult) => [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')

/** What HTTP alone takes, of the same bodies. */
async function driveSink(load: Load, durationMs: number) {
  const sink = await serveSink()
  try {
    const plain = await drive({ url: sink.url, ...load, durationMs })
    return { plain, sinkRssBytes: sink.rssBytes() }
  } finally {
    await sink.stop()
  }
}

/** Waits until no trace is left to be judged, and says how long it took. */
async function drained(server: Served): Promise<number> {
  const startedMs = performance.now()
  while ((await metric(server.url, 'betrace_timers_waiting')) > 0) {
    if (performance.now() - startedMs > DRAIN_LIMIT_MS)
      throw new Error('accepted spans are still not judged after 10 min')
    await pause(100)
  }
  return performance.now() - startedMs
}

async function steady(server: Served, load: Load, requestsPerSecond: number, durationMs: number) {
  const rss: number[] = []
  const onProgress = (elapsedMs: number) => {
    rss.push(server.rssBytes())
    progress(`steady load: ${whole(elapsedMs / 1000)} of ${whole(durationMs / 1000)} s`)
  }
  const result = await drive({ url: server.url, ...load, durationMs, requestsPerSecond, onProgress })
  progress('')
  // A heap breathes: the highest of a part is what it needs, and the first part is its warming up.
  const third = Math.floor(rss.length / 3)
  const middle = Math.max(...rss.slice(third, 2 * third))
  const end = Math.max(...rss.slice(2 * third))
  const memory = `${whole(middle / 1e6)} MB in the middle, ${whole(end / 1e6)} MB at the end`
  const refused = [...result.statuses].some(([status]) => status !== 200)
  const queued = await metric(server.url, 'betrace_archive_journals_queued')
  const findings = [
    { ...rate(`80 % of that for ${(durationMs / 60_000).toFixed(1)} min`, result), holds: !refused },
    note('memory over that time', memory, end <= FLAT_MEMORY * middle),
    note('journals of 16 MB that the archive is behind then', whole(queued), queued <= ARCHIVE_KEEPS_UP),
  ]
  return { result, findings }
}

/** Shows how far it is, where somebody watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

/** Four times the connections, as fast as they are answered, until it refuses and for a while longer; then one alone. */
async function overCapacity(server: Served, load: Load, durationMs: number) {
  const health = watchHealth(server.url)
  const flooding = { ...load, url: server.url, connections: 4 * load.connections, durationMs }
  const slices: DriveResult[] = []
  while (slices.length * durationMs < FLOOD_LIMIT_MS && !slices.some(({ statuses }) => statuses.has(503))) {
    slices.push(await drive(flooding))
    progress(`flood: ${whole((slices.length * durationMs) / 1000)} s`)
  }
  slices.push(await drive(flooding))
  progress('')
  const flood = together(slices)
  const statuses = await health.stop()
  const drainMs = await drained(server)
  const after = await drive({ ...load, url: server.url, connections: 1, durationMs: 2_000 })
  const known = [...flood.statuses.keys()].every((status) => status === 200 || status === 503)
  const findings = [
    { ...rate('with all that four times the connections can send', flood), holds: known && flood.statuses.has(503) },
    note('refusals that do not say when to come back', whole(flood.withoutRetryAfter), flood.withoutRetryAfter === 0),
    note('health meanwhile', [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')),
    note('all of it judged after', `${(drainMs / 1000).toFixed(1)} s`),
    { ...rate('one connection after that', after), holds: after.statuses.size === 1 && after.statuses.has(200) },
  ]
  return { acceptedSpans: flood.acceptedSpans + after.acceptedSpans, findings }
}

function watchHealth(url: string) {
  const statuses = new Map<number, number>()
  let stopped = false
  const look = async () => {
    while (!stopped) {
      const { status } = await fetch(`${url}/healthz`)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      await pause(500)
    }
  }
  const looking = look()
  return {
    async stop() {
      stopped = true
      await looking
      return statuses
    },
  }
}

async function nothingLost(server: Served, accepted: number): Promise<Finding> {
  await drained(server)
  const received = await metric(server.url, 'betrace_spans_received_total')
  const dropped = await metric(server.url, 'betrace_chunks_dropped_total')
  const aside = await metric(server.url, 'betrace_timers_set_aside')
  const measured = `${whole(accepted)} acknowledged, ${whole(received)} stored, ${whole(dropped)} chunks dropped, ${whole(aside)} set aside`
  return note('spans', measured, received >= accepted && dropped === 0 && aside === 0)
}

await main()
