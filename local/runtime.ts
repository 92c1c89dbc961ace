import { randomUUID } from 'node:crypto'
import { InputError } from '../shared/errors.ts'
import { answerApi } from '../shared/experiments/api.ts'
import { answerIncidents, isIncidentPath } from '../shared/incidents/api/api.ts'
import { newMuteId } from '../shared/incidents/mutes/mute-id.ts'
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
import { METRICS_TYPES, metricsFormat } from './server/metrics.ts'
import { newConnections } from './server/open-files.ts'
import { readings } from './server/readings.ts'
import { refusedOrigins } from './server/refused-origins.ts'
import { seriesOfRules } from './server/rule-series.ts'
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
const INCIDENTS_POLL_MS = 1_000
const NOTIFY_POLL_MS = 200
const NOTIFY_FILE_POLL_MS = 1_000
const SWEEP_INTERVAL_MS = 60_000
/** Looks whether an hour closed or the rules changed. */
const SUMMARY_POLL_MS = 10_000

/** Work that is done again and again while the runtime runs. */
interface Job {
  /** Names it in the log when it failed. */
  readonly what: string
  readonly everyMs: number
  readonly work: () => Promise<void>
  /** What `runDue` does instead: it waits for the answers of others. */
  readonly due?: () => Promise<void>
  /** Ends what it has in hand, when the runtime closes. */
  readonly stop?: () => Promise<void> | void
  /** `runDue` leaves it out: it depends on the time that passes, not on what is due. */
  readonly byTimeAlone?: true
}

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
  const { evaluator, database, buffer, timers, metrics, signals, signalQueues, rules, lines } = dependencies
  const { archiveState, clockWatch, senders, room, summaries, notifyFile } = dependencies
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
    signalQueues,
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
    summaries,
    incidents: dependencies.incidents,
    incidentStore: dependencies.incidentStore,
    notifier: dependencies.notifier,
    deliveries: dependencies.deliveries,
    ...(notifyFile !== undefined && { notify: notifyFile }),
  }
  const server = await listen(settings, dependencies, loop, connections, {
    '/metrics': ({ accept }) => {
      const format = metricsFormat(accept)
      const body = metrics.render(readings(state), seriesOfRules(rules.state.set.rules), format)
      return { status: 200, contentType: METRICS_TYPES[format], body }
    },
    '/healthz': healthPage(state),
  })
  const jobs = jobsOf(options, settings, dependencies, { loop, makeRoom })
  const scheduler = options.scheduler ?? processScheduler
  for (const { what, everyMs, work, stop } of jobs.toReversed()) {
    const onFailure = (error: unknown) =>
      evaluator.log('error', `${what} failed; trying again`, { reason: String(error) })
    closers.push(repeat(scheduler, everyMs, work, onFailure))
    if (stop !== undefined) closers.push(stop)
  }
  closers.push(() => server.close())
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
      for (const { work, due = work, byTimeAlone } of jobs) if (byTimeAlone !== true) await due()
    },
    close,
  }
}

/** All jobs, in the order in which `runDue` does them; they are stopped in this order, too. */
function jobsOf(
  { dataFolder }: RuntimeOptions,
  settings: RuntimeSettings,
  dependencies: Dependencies,
  { loop, makeRoom }: { readonly loop: EvaluatorLoop; readonly makeRoom: () => Promise<unknown> },
): readonly Job[] {
  const { evaluator, database, buffer, timers, signalQueues, rules, archiveDue, lines, clockWatch, summaries } =
    dependencies
  const { incidents, notifier, notifyFile, incidentStore } = dependencies
  return [
    { what: 'looking for changed rules', everyMs: settings.rulesPollMs, work: () => rules.poll() },
    {
      what: 'looking whether the disk takes writes',
      everyMs: STORAGE_POLL_MS,
      work: storageWatch(database, timers, evaluator.log),
    },
    {
      what: 'judging',
      everyMs: LOOP_POLL_MS,
      async work() {
        const step = clockWatch.look()
        if (step !== undefined) await shiftStoredTimes(database, step, settings.quietPeriodMs)
        await loop.runDue()
        await makeRoom()
      },
      stop: () => loop.stop(),
    },
    {
      what: 'delivering to webhooks',
      everyMs: WEBHOOK_POLL_MS,
      async work() {
        // A delivery could not be recorded, and would be sent again.
        if (!database.failing) await Promise.all(signalQueues.all.map((queue) => queue.runDue()))
      },
      async stop() {
        await Promise.all(signalQueues.all.map((queue) => queue.stop()))
      },
    },
    {
      what: 'looking for a changed file of receivers',
      everyMs: NOTIFY_FILE_POLL_MS,
      work: async () => notifyFile?.poll(),
    },
    {
      what: 'ending incidents',
      everyMs: INCIDENTS_POLL_MS,
      async work() {
        if (!clockWatch.isDoubtful) await incidents.runDue()
      },
      stop: () => incidents.flush(),
    },
    {
      what: 'telling receivers of incidents',
      everyMs: NOTIFY_POLL_MS,
      async work() {
        // A notification could not be recorded, and would be sent again.
        if (!database.failing) await notifier.start()
      },
      due: () => notifier.runDue(),
      stop: () => notifier.stop(),
    },
    {
      what: 'removing what has had its time',
      everyMs: SWEEP_INTERVAL_MS,
      async work() {
        // By a clock that may be far ahead everything is old.
        if (!clockWatch.isDoubtful) await sweep(evaluator, { database, buffer, incidents: incidentStore }, settings)
      },
    },
    { what: 'archiving', everyMs: ARCHIVE_POLL_MS, work: archiveDue },
    {
      what: 'writing signals to the JSON-lines file',
      everyMs: LINES_POLL_MS,
      work: async () => lines?.runDue(),
    },
    {
      what: 'giving verdicts on experiments',
      everyMs: VERDICT_POLL_MS,
      async work() {
        if (!clockWatch.isDoubtful) await giveVerdicts(dependencies, dataFolder)
      },
    },
    {
      what: 'summarising closed hours',
      everyMs: SUMMARY_POLL_MS,
      async work() {
        if (!clockWatch.isDoubtful) await summaries.runDue()
      },
      stop: () => summaries.stop(),
    },
    {
      what: 'syncing the mark of what was promised',
      everyMs: MARK_POLL_MS,
      work: async () => database.promises?.sync(),
      byTimeAlone: true,
    },
    {
      what: 'emptying the log of the database',
      everyMs: LOG_POLL_MS,
      work: async () => database.shrinkLog(),
      byTimeAlone: true,
    },
  ]
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
  const { incidentDesk: desk } = dependencies
  const ofIncidents = { desk, clock, metrics, newMuteId, source: settings.source, onStorageFailure }
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
      api: (request) =>
        isIncidentPath(request.path) ? answerIncidents(request, ofIncidents) : answerApi(request, api),
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
