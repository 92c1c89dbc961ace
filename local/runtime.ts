import { randomUUID } from 'node:crypto'
import { InputError } from '../shared/errors.ts'
import { answerApi } from '../shared/experiments/api.ts'
import { limitsAmong } from '../shared/otlp/limits.ts'
import { INGEST_OPTIONS } from '../shared/pipeline/ingest.ts'
import { processScheduler, repeat } from './clock/scheduler.ts'
import { type Closers, type Dependencies, openDependencies, type RuntimeOptions } from './dependencies.ts'
import { EvaluatorLoop } from './evaluator-loop.ts'
import { giveVerdicts } from './experiment-verdicts.ts'
import type { Sender } from './fairness/senders.ts'
import { sweep } from './maintenance/retention.ts'
import type { Connections } from './server/connections.ts'
import { healthPage } from './server/health.ts'
import { HTTP_LIMITS, type HttpOptions, serveHttp } from './server/http.ts'
import { newConnections } from './server/open-files.ts'
import { readings } from './server/readings.ts'
import { refusedOrigins } from './server/refused-origins.ts'
import { type RuntimeSettings, runtimeSettings } from './settings.ts'
import { presentChunks } from './sqlite/present-chunks.ts'
import type { SqliteSignals } from './sqlite/sqlite-signals.ts'
import { storageWatch } from './sqlite/storage-watch.ts'
import { shiftStoredTimes } from './sqlite/stored-times.ts'

const LOOP_POLL_MS = 100
const WEBHOOK_POLL_MS = 200
const ARCHIVE_POLL_MS = 1_000
const LINES_POLL_MS = 200
const STORAGE_POLL_MS = 1_000
const LOG_POLL_MS = 5_000
/** A loss of power may make the mark of what was promised forget so much. */
const MARK_POLL_MS = 200
const VERDICT_POLL_MS = 1_000
const SWEEP_INTERVAL_MS = 60_000

/** How things stand, since the start of the process. */
interface RuntimeStats {
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
  /** Does now what is due by the clock: traces, deliveries, changed rules, retention. It also happens without a call. */
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
  const closers: Closers = []
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= closeAll(closers)
    return closed
  }
  try {
    return await start(options, settings, closers, close)
  } catch (error) {
    // Why it could not start is what somebody has to know, not what else went wrong then.
    await close().catch(() => {})
    throw error
  }
}

/** What was opened last is closed first; a closer that fails does not keep the others from being called. */
async function closeAll(closers: Closers): Promise<void> {
  const failures: unknown[] = []
  for (const closer of closers.toReversed()) {
    try {
      await closer()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

async function start(
  options: RuntimeOptions,
  settings: RuntimeSettings,
  closers: Closers,
  close: () => Promise<void>,
): Promise<Runtime> {
  const dependencies = await openDependencies(options, settings, closers)
  const { evaluator, database, buffer, timers, metrics, signals, webhooks, rules, archiveDue, lines } = dependencies
  const { archiveState, clockWatch, senders, room } = dependencies
  // Judging goes on without: it needs little, and frees more.
  const makeRoom = () => room.make().catch(() => {})
  const loop = new EvaluatorLoop(evaluator, timers, {
    sizeBytes: (traceId) => buffer.sizeBytes(traceId),
    check: presentChunks(database, buffer, evaluator.clock, settings.chunkRetentionMs),
    prepare: makeRoom,
  })
  const nowMs = evaluator.clock
  const connections = newConnections(settings, evaluator.log)
  const state = {
    database,
    timers,
    webhooks,
    rules: () => rules.state,
    nowMs,
    loop,
    settings,
    archiveState,
    lines,
    clockWatch,
    senders,
    connections,
    room,
  }
  const server = await listen(settings, dependencies, loop, connections, {
    '/metrics': () => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: metrics.render(readings(state)),
    }),
    '/healthz': healthPage(state),
  })
  const deliver = async () => {
    // A delivery could not be recorded, and would be sent again.
    if (database.failing) return
    await Promise.all(webhooks.map((webhook) => webhook.runDue()))
  }
  const writeLines = async () => lines?.runDue()
  const watchStorage = storageWatch(database, timers, evaluator.log)
  // By a clock that may be far ahead everything is old.
  const clean = async () => {
    if (!clockWatch.isDoubtful) await sweep(evaluator, database, buffer, settings)
  }
  const giveVerdictsDue = async () => {
    if (!clockWatch.isDoubtful) await giveVerdicts(dependencies, options.dataFolder)
  }
  const judgeDue = async () => {
    const step = clockWatch.look()
    if (step !== undefined) await shiftStoredTimes(database, step, settings.quietPeriodMs)
    await loop.runDue()
    await makeRoom()
  }
  const scheduler = options.scheduler ?? processScheduler
  const again = (what: string, delayMs: number, work: () => Promise<void>) =>
    repeat(scheduler, delayMs, work, (error) => {
      evaluator.log('error', `${what} failed; trying again`, { reason: String(error) })
    })
  closers.push(
    again('delivering to webhooks', WEBHOOK_POLL_MS, deliver),
    ...webhooks.map((webhook) => () => webhook.stop()),
    again('judging', LOOP_POLL_MS, judgeDue),
    () => loop.stop(),
    again('removing what has had its time', SWEEP_INTERVAL_MS, clean),
    again('giving verdicts on experiments', VERDICT_POLL_MS, giveVerdictsDue),
    again('archiving', ARCHIVE_POLL_MS, archiveDue),
    again('writing signals to the JSON-lines file', LINES_POLL_MS, writeLines),
    again('syncing the mark of what was promised', MARK_POLL_MS, async () => database.promises?.sync()),
    again('emptying the log of the database', LOG_POLL_MS, async () => database.shrinkLog()),
    again('looking whether the disk takes writes', STORAGE_POLL_MS, watchStorage),
    again('looking for changed rules', settings.rulesPollMs, () => rules.poll()),
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
      await watchStorage()
      await judgeDue()
      await deliver()
      await clean()
      await archiveDue()
      await writeLines()
      await giveVerdictsDue()
    },
    close,
  }
}

async function listen(
  settings: RuntimeSettings,
  dependencies: Dependencies,
  loop: EvaluatorLoop,
  connections: Connections,
  pages: HttpOptions['pages'],
) {
  const { evaluator, buffer, metrics, experiments, signals: firing, senders, bodies, room } = dependencies
  const { host, port, corsOrigins } = settings
  const { clock, log } = evaluator
  const cors = corsOrigins.length === 0 ? {} : { cors: { allowedOrigins: corsOrigins } }
  const onStorageFailure = (error: unknown) =>
    log('error', 'a request could not be served from storage', { reason: String(error) })
  const onError = (error: unknown) => log('error', 'a request failed', { reason: String(error) })
  const refusing = (sender: Sender, traces: number, bytes: number) =>
    room.refusal(bytes) ?? senders.refusal(sender, traces, (flow) => loop.behindMs(flow))
  const ingest = {
    buffer,
    clock,
    metrics,
    options: { ...INGEST_OPTIONS, ...limitsAmong(settings), ...cors },
    onStorageFailure,
  }
  const api = { experiments, firing, settings, clock, metrics, newId: () => `exp-${randomUUID()}`, onStorageFailure }
  try {
    return await serveHttp({
      host,
      port,
      ingest,
      senders,
      bodies,
      refusing,
      pages,
      limits: { ...HTTP_LIMITS, maxBytesInFlight: Math.max(HTTP_LIMITS.maxBytesInFlight, 4 * settings.maxBodyBytes) },
      connections,
      onRefusedOrigin: refusedOrigins(log),
      onError,
      apiKeys: settings.apiKeys,
      api: (request) => answerApi(request, api),
    })
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
