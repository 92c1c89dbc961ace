import { randomUUID } from 'node:crypto'
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { InputError } from '../shared/errors.ts'
import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import { INGEST_OPTIONS } from '../shared/pipeline/ingest.ts'
import type { Archive, Clock, Log } from '../shared/pipeline/ports.ts'
import { openDataFolder } from './data-folder.ts'
import { Database } from './database.ts'
import { EvaluatorLoop } from './evaluator-loop.ts'
import { healthPage } from './health.ts'
import { HTTP_LIMITS, serveHttp } from './http.ts'
import { textLog } from './log.ts'
import { PrometheusMetrics } from './metrics.ts'
import { readings } from './readings.ts'
import { sweep } from './retention.ts'
import { RulesWatcher, rulesReport } from './rules-watcher.ts'
import { processScheduler, repeat, type Scheduler } from './scheduler.ts'
import { type RuntimeSettings, type RuntimeSettingsInput, runtimeSettings } from './settings.ts'
import { LocalPublisher, linesTo, showOn } from './sinks/local-publisher.ts'
import { Webhook } from './sinks/webhook.ts'
import { SqliteBuffer } from './sqlite-buffer.ts'
import { SqliteSignals } from './sqlite-signals.ts'
import { SqliteStorms } from './sqlite-storms.ts'
import { SqliteTimers } from './sqlite-timers.ts'

const LOOP_POLL_MS = 100
const WEBHOOK_POLL_MS = 200
const SWEEP_INTERVAL_MS = 60_000

export interface RuntimeOptions {
  /** Everything that is kept lies there; one process at a time. */
  readonly dataFolder: string
  /** Rule files, or folders of them; watched for changes. */
  readonly rulePaths: readonly string[]
  readonly settings?: RuntimeSettingsInput
  /** Where signals are shown to people; in colour if it is a terminal and NO_COLOR is unset. */
  readonly screen?: Writable
  /** Gets every signal that is not in shadow mode as a line of JSON (CloudEvents). */
  readonly jsonLines?: Writable
  /** Told of rules as they come into force, with their problems; in colour where the screen is. */
  readonly onRules?: (report: string) => void
  readonly log?: Log
  /** Gets whole traces as they are judged; unless told they stay in the database for `chunkRetentionMs`, no longer. */
  readonly archive?: Archive
  readonly clock?: Clock
  readonly scheduler?: Scheduler
  readonly fetch?: typeof fetch
  readonly random?: () => number
}

/** How things stand, since the start of the process. */
export interface RuntimeStats {
  readonly spansReceived: number
  readonly tracesJudged: number
  readonly signals: number
  readonly rulesLoaded: number
  readonly rulesRejected: number
  /** Chunks that no verdict took in yet, about. */
  readonly timersWaiting: number
}

export interface Runtime {
  /** `http://host:port`, without a path. */
  readonly url: string
  readonly settings: RuntimeSettings
  /** Every signal that is stored. */
  readonly signals: Pick<SqliteSignals, 'find'>
  stats(): RuntimeStats
  /** Does now what is due by the clock: traces, deliveries, changed rules, retention. It happens by itself, too. */
  runDue(): Promise<void>
  /** Takes no more requests, finishes what is in hand, and closes; what waits goes on at the next start. */
  close(): Promise<void>
}

/**
 * Starts the whole pipeline in this process: OTLP/HTTP in, traces judged when they are quiet, signals out. Throws an
 * InputError for a bad setting, missing rules, a port or data folder in use; a StorageError for a bad database.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const settings = runtimeSettings(options.settings ?? {})
  const closers: (() => void | Promise<void>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return await start(options, settings, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

type Closers = (() => void | Promise<void>)[]

async function start(
  options: RuntimeOptions,
  settings: RuntimeSettings,
  closers: Closers,
  close: () => Promise<void>,
): Promise<Runtime> {
  const parts = await openParts(options, settings, closers)
  const { evaluator, database, buffer, timers, metrics, signals, webhooks, rules } = parts
  const loop = new EvaluatorLoop(evaluator, timers)
  const state = { database, timers, webhooks, rules: () => rules.state, nowMs: evaluator.clock, loop }
  const server = await listen(settings, parts, {
    '/metrics': () => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: metrics.render(readings(state)),
    }),
    '/healthz': () => healthPage(state),
  })
  const deliver = async () => {
    await Promise.all(webhooks.map((webhook) => webhook.runDue()))
  }
  const clean = () => sweepSafely(evaluator, database, buffer, settings)
  const scheduler = options.scheduler ?? processScheduler
  closers.push(
    repeat(scheduler, WEBHOOK_POLL_MS, deliver),
    ...webhooks.map((webhook) => () => webhook.stop()),
    repeat(scheduler, LOOP_POLL_MS, () => loop.runDue()),
    () => loop.stop(),
    repeat(scheduler, SWEEP_INTERVAL_MS, clean),
    repeat(scheduler, settings.rulesPollMs, () => rules.poll()),
    () => server.close(),
  )
  return {
    url: `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`,
    settings,
    signals,
    stats: () => ({
      spansReceived: metrics.total('spansReceived'),
      tracesJudged: metrics.total('tracesJudged'),
      signals: metrics.total('signals'),
      rulesLoaded: rules.state.set.rules.length,
      rulesRejected: rules.state.set.rejected,
      timersWaiting: timers.counts().waiting,
    }),
    async runDue() {
      await rules.poll()
      await loop.runDue()
      await deliver()
      await clean()
    },
    close,
  }
}

interface Parts {
  readonly evaluator: Evaluator
  readonly database: Database
  readonly buffer: SqliteBuffer
  readonly timers: SqliteTimers
  readonly metrics: PrometheusMetrics
  readonly signals: SqliteSignals
  readonly webhooks: readonly Webhook[]
  readonly rules: RulesWatcher
}

async function openParts(options: RuntimeOptions, settings: RuntimeSettings, closers: Closers): Promise<Parts> {
  const { clock = Date.now, log = textLog((line) => process.stderr.write(line)) } = options
  const folder = openDataFolder(options.dataFolder)
  closers.push(() => folder.unlock())
  const database = new Database(folder.databasePath, settings.maxDatabaseBytes)
  closers.push(() => database.close())
  const colour = inColour(options.screen)
  const rules = await RulesWatcher.open(options.rulePaths, (loaded) => options.onRules?.(rulesReport(loaded, colour)))
  const buffer = new SqliteBuffer(database, clock, settings.quietPeriodMs)
  const timers = new SqliteTimers(database, clock)
  const { fetch = globalThis.fetch, random = Math.random, jsonLines } = options
  const webhooks = settings.webhooks.map(
    (webhook, index) => new Webhook(index + 1, webhook, { database, clock, log, fetch, random }),
  )
  await resume(buffer, timers, webhooks)
  const signals = new SqliteSignals(database, jsonLines === undefined ? undefined : linesTo(jsonLines))
  const metrics = new PrometheusMetrics()
  const show = options.screen === undefined ? async () => {} : showOn(options.screen, colour)
  const evaluator: Evaluator = {
    buffer,
    timers,
    archive: options.archive ?? BUFFER_ONLY,
    signals,
    publisher: new LocalPublisher(database, webhooks, show),
    storms: new SqliteStorms(database),
    rules,
    metrics,
    clock,
    stopwatch: () => performance.now(),
    log,
    newToken: randomUUID,
    settings,
  }
  return { evaluator, database, buffer, timers, metrics, signals, webhooks, rules }
}

/** Nothing more to write: the chunks of a trace lie in the buffer until their time is over, and nowhere after it. */
const BUFFER_ONLY: Archive = { write: async () => {} }

/** Nobody else can be at work on the folder: what the last process left in hand is taken up at once. */
async function resume(buffer: SqliteBuffer, timers: SqliteTimers, webhooks: readonly Webhook[]): Promise<void> {
  await buffer.releaseAll()
  await timers.showAll()
  await timers.redrive()
  for (const webhook of webhooks) await webhook.redrive()
}

async function listen(settings: RuntimeSettings, parts: Parts, pages: Parameters<typeof serveHttp>[0]['pages']) {
  const { evaluator, buffer, metrics } = parts
  const { host, port, maxBodyBytes, corsOrigins } = settings
  const { clock, log } = evaluator
  const cors = corsOrigins.length === 0 ? {} : { cors: { allowedOrigins: corsOrigins } }
  const onStorageFailure = (error: unknown) => log('error', 'spans could not be stored', { reason: String(error) })
  const onError = (error: unknown) => log('error', 'a request failed', { reason: String(error) })
  const ingest = { buffer, clock, metrics, options: { ...INGEST_OPTIONS, maxBodyBytes, ...cors }, onStorageFailure }
  try {
    return await serveHttp({ host, port, ingest, pages, limits: HTTP_LIMITS, onError })
  } catch (error) {
    throw cannotListen(error as NodeJS.ErrnoException, host, port)
  }
}

function cannotListen({ code, message }: NodeJS.ErrnoException, host: string, port: number): InputError {
  if (code === 'EADDRINUSE') {
    const hint = 'stop the program that has it (another betrace, or a Collector?), or choose another port'
    return new InputError({ code: 'port-in-use', message: `port ${port} of ${host} is in use`, hint })
  }
  const hint = 'choose an address of this machine and a port this user may open'
  return new InputError({ code: 'cannot-listen', message: `cannot listen on ${host} port ${port}: ${message}`, hint })
}

async function sweepSafely(e: Evaluator, database: Database, buffer: SqliteBuffer, settings: RuntimeSettings) {
  try {
    await sweep(e, database, buffer, settings)
  } catch (error) {
    e.log('error', 'what has had its time could not be removed; trying again', { reason: String(error) })
  }
}

function inColour(stream: Writable | undefined): boolean {
  return stream !== undefined && styleText('red', 'x', { stream }) !== 'x'
}
