import { randomUUID } from 'node:crypto'
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { IncidentDesk } from '../shared/incidents/api/desk.ts'
import { incidentSettings } from '../shared/incidents/context.ts'
import { httpSend } from '../shared/incidents/http-send.ts'
import type { NotifyConfig } from '../shared/incidents/notify/config.ts'
import type { Receiver, Send } from '../shared/incidents/receivers/receiver.ts'
import { WEBHOOK } from '../shared/incidents/receivers/webhook.ts'
import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import { experimentCalendar } from '../shared/pipeline/experiment-calendar.ts'
import type { Archive, Clock, Log } from '../shared/pipeline/ports.ts'
import { SignalRate } from '../shared/pipeline/signal-rate.ts'
import { folderStore } from './archive/folder-store.ts'
import { archiveFolder, ParquetArchive } from './archive/parquet-archive.ts'
import { writeRedactedKeys } from './archive/redacted-keys.ts'
import { SignalArchive } from './archive/signal-archive.ts'
import { SpillArchive } from './archive/spill-archive.ts'
import { ClockWatch } from './clock/clock-watch.ts'
import type { Scheduler } from './clock/scheduler.ts'
import { Senders } from './fairness/senders.ts'
import { openDataFolder } from './files/data-folder.ts'
import { localIncidentDesk } from './incidents/incident-desk.ts'
import { LocalIncidents } from './incidents/local-incidents.ts'
import { IncidentNotifier } from './incidents/notifier.ts'
import { showIncident } from './incidents/show-incident.ts'
import { JudgeThread } from './judge-thread.ts'
import { lineLog, sparingLog } from './log.ts'
import { DatabaseRoom } from './maintenance/room.ts'
import { RuleSummaries } from './maintenance/rule-summaries.ts'
import { localReferences } from './notify/local-references.ts'
import { NotifyWatcher } from './notify/notify-watcher.ts'
import type { EventQueue } from './queues/event-queue.ts'
import { SignalQueues } from './queues/signal-queues.ts'
import { type RulesInForce, RulesWatcher, rulesReport } from './rules/rules-watcher.ts'
import { BodyThread } from './server/body-thread.ts'
import { PrometheusMetrics } from './server/metrics.ts'
import type { RuntimeSettings, RuntimeSettingsInput } from './settings.ts'
import { JsonLinesFile } from './sinks/json-lines-file.ts'
import { LocalPublisher, linesTo, showOn } from './sinks/local-publisher.ts'
import { webhookName, webhookQueue } from './sinks/webhook.ts'
import { Database } from './sqlite/database.ts'
import { SqliteBuffer } from './sqlite/sqlite-buffer.ts'
import { SqliteDeliveries } from './sqlite/sqlite-deliveries.ts'
import { SqliteExperiments } from './sqlite/sqlite-experiments.ts'
import { SqliteIncidents } from './sqlite/sqlite-incidents.ts'
import { SqliteMutes } from './sqlite/sqlite-mutes.ts'
import { SqliteSignals } from './sqlite/sqlite-signals.ts'
import { lastFlow, type OnWaiting, SqliteTimers } from './sqlite/sqlite-timers.ts'
import { capStoredTimes } from './sqlite/stored-times.ts'

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
  /** The same, appended to the file of this path. */
  readonly jsonLinesFile?: string
  /** The file of receivers of incidents; watched for changes. */
  readonly notifyFile?: string
  /** Where its references to variables are looked up; the environment of the process unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Told of rules as they come into force, with their problems; in colour where the screen is. */
  readonly onRules?: (report: string) => void
  readonly log?: Log
  /** Runs what keeps the event loop for a second or more: opening the database. */
  readonly blocking?: <Result>(work: () => Result) => Promise<Result>
  /** Gets whole traces as they are judged; unless told they are kept as Parquet files in the data folder. */
  readonly archive?: Archive
  readonly clock?: Clock
  /** Milliseconds that only ever run, to notice steps of the clock; a given clock takes none unless this is given too. */
  readonly stopwatch?: () => number
  readonly scheduler?: Scheduler
  readonly fetch?: typeof fetch
  readonly random?: () => number
}

/** What the archive did not take so far, and why. */
export interface ArchiveState {
  /** Failures since the start to turn a journal into objects. */
  readonly failures: number
  /** Journals put aside since the start. */
  readonly damaged: number
  /** Journals that wait to be turned into objects after a failure. */
  readonly journals: number
  /** Journals that wait for their turn. */
  readonly queued: number
  /** Traces that wait in the database. */
  readonly traces: number
  readonly reason: string | undefined
}

const ARCHIVES_ALL: ArchiveState = { failures: 0, damaged: 0, journals: 0, queued: 0, traces: 0, reason: undefined }

/** What a runtime is made of; `closers` of its own are called last to first. */
export interface Dependencies {
  readonly evaluator: Evaluator
  readonly database: Database
  readonly buffer: SqliteBuffer
  readonly timers: SqliteTimers
  readonly senders: Senders
  readonly bodies: BodyThread
  readonly metrics: PrometheusMetrics
  readonly signals: SqliteSignals
  readonly experiments: SqliteExperiments
  readonly signalQueues: SignalQueues
  readonly incidents: LocalIncidents
  readonly incidentStore: SqliteIncidents
  readonly deliveries: SqliteDeliveries
  readonly notifier: IncidentNotifier
  /** What the API of incidents and mutes is answered from. */
  readonly incidentDesk: IncidentDesk
  /** Undefined where nobody is named. */
  readonly notifyFile: NotifyWatcher | undefined
  readonly rules: RulesWatcher
  /** Writes the part of the archive that is due. */
  readonly archiveDue: () => Promise<void>
  /** Traces that the archive did not take so far; nothing where it was given. */
  readonly archiveState: () => ArchiveState
  readonly lines: JsonLinesFile | undefined
  readonly clockWatch: ClockWatch
  readonly room: DatabaseRoom
  readonly summaries: RuleSummaries
  /** Writes all of it that was acknowledged. */
  readonly flushArchive: () => Promise<void>
}

/** Undoes what was opened, to be called last to first. */
export type Closers = (() => void | Promise<void>)[]

/** A burst of traces shares one look at the experiments; a window that was just opened is seen by traces not yet judged. */
const EXPERIMENTS_CACHE_MS = 200

/** Opens the data folder and everything in it, and the rules. */
export async function openDependencies(
  options: RuntimeOptions,
  settings: RuntimeSettings,
  closers: Closers,
): Promise<Dependencies> {
  const { clock = Date.now, log = sparingLog(lineLog()) } = options
  const folder = openDataFolder(options.dataFolder)
  closers.push(() => folder.unlock())
  const { blocking = async (work) => work() } = options
  const database = await blocking(() => new Database(folder.databasePath, settings.maxDatabaseBytes))
  closers.push(() => database.close())
  database.promises?.log(log)
  const colour = inColour(options.screen)
  const onRules = (loaded: RulesInForce) => options.onRules?.(rulesReport(loaded, colour))
  const { runbookBase } = settings
  const watching = { onLoaded: onRules, log, dataFolder: options.dataFolder, runbookBase }
  const rules = await RulesWatcher.open(options.rulePaths, watching)
  const senders = new Senders(settings, lastFlow(database), clock)
  const bodies = new BodyThread()
  const judges = new JudgeThread(rules, settings)
  closers.push(
    () => bodies.close(),
    () => judges.close(),
  )
  const onWaiting: OnWaiting = (flow, change) => senders.onWaiting(flow, change)
  const keeping = { line: false, copy: options.archive === undefined, firstSamples: settings.firstSignalSamples }
  const buffer = new SqliteBuffer(database, clock, settings.quietPeriodMs, { onWaiting, keeping })
  const timers = new SqliteTimers(database, clock, onWaiting)
  const { fetch = globalThis.fetch, random = Math.random, jsonLines } = options
  const webhooks = settings.webhooks.map((webhook, index) =>
    webhookQueue(index, webhook, { database, clock, log, fetch, random }),
  )
  const notifyFile = await openNotifyFile(options, { clock, log })
  const notifyConfig = notifyFile ?? { current: () => NOBODY }
  const send = httpSend({ fetch, timeoutMs: NOTIFY_TIMEOUT_MS })
  const signalQueues = new SignalQueues(webhooks, notifyConfig, send, { database, clock, log, random })
  await resume(buffer, timers, signalQueues.all)
  await capStoredTimes(database, clock(), settings)
  const stopwatch = options.stopwatch ?? (options.clock === undefined ? () => performance.now() : options.clock)
  const clockWatch = new ClockWatch(clock, stopwatch, log)
  const { maxDatabaseBytes: maxBytes, judgeWindowMs } = settings
  const isClockDoubtful = () => clockWatch.isDoubtful
  const room = new DatabaseRoom({ database, maxBytes, judgeWindowMs, clock, stopwatch, isClockDoubtful, log })
  const { archive, archiveDue, archiveState, flushArchive } = await openArchive(
    options,
    { clock, log, database, redact: settings.redact },
    closers,
  )
  const lines = options.jsonLinesFile === undefined ? undefined : new JsonLinesFile(database, options.jsonLinesFile)
  const onNew = jsonLines === undefined ? undefined : linesTo(jsonLines)
  const signals = new SqliteSignals(database, onNew, { ...keeping, line: lines !== undefined })
  if (lines !== undefined) {
    const later = (error: unknown) => log('error', 'signals wait for the JSON-lines file', { reason: String(error) })
    closers.push(() => lines.runDue().catch(later))
  }
  const experiments = new SqliteExperiments(database)
  const metrics = new PrometheusMetrics()
  const show = options.screen === undefined ? async () => {} : showOn(options.screen, colour)
  const incidentStore = new SqliteIncidents(database)
  const deliveries = new SqliteDeliveries(database)
  const mutes = new SqliteMutes(database, deliveries)
  const incidents = new LocalIncidents({
    database,
    store: incidentStore,
    clock,
    rules: () => rules.state.set,
    settings: incidentSettings(settings),
  })
  const notifier = new IncidentNotifier({
    database,
    incidents: incidentStore,
    deliveries,
    config: notifyConfig,
    mutes,
    everything: settings.webhooks.map(({ url, secrets, headers, timeoutMs }, index) =>
      webhookReceiver(
        WEBHOOK.open(
          webhookName(index, url),
          { url, secrets, headers, format: 'cloudevents', signals: false },
          { clock },
        ),
        httpSend({ fetch, timeoutMs }),
      ),
    ),
    send,
    clock,
    log,
    random,
    source: settings.source,
    onChange: options.screen === undefined ? async () => {} : showIncident(options.screen, colour, incidentStore),
  })
  await notifier.resume()
  const evaluator: Evaluator = {
    buffer,
    timers,
    archive,
    signals,
    publisher: new LocalPublisher(database, signalQueues, show),
    signalRate: new SignalRate(settings.maxSignalsPerMinute),
    incidents,
    rules,
    openLarge: (traceId, chunks) => judges.openLarge(traceId, chunks),
    experiments: experimentCalendar(experiments, clock, settings, EXPERIMENTS_CACHE_MS),
    metrics,
    clock,
    clockStep: () => clockWatch.step,
    stopwatch: () => performance.now(),
    log,
    newToken: randomUUID,
    settings,
  }
  return {
    evaluator,
    database,
    buffer,
    timers,
    senders,
    bodies,
    metrics,
    signals,
    experiments,
    signalQueues,
    incidents,
    incidentStore,
    deliveries,
    notifier,
    notifyFile,
    incidentDesk: localIncidentDesk({ incidents, store: incidentStore, deliveries, mutes, config: notifyConfig }),
    rules,
    archiveDue,
    archiveState,
    lines,
    clockWatch,
    room,
    summaries: new RuleSummaries({ dataFolder: options.dataFolder, rules, clock, log }),
    flushArchive,
  }
}

interface ArchiveNeeds {
  readonly clock: Clock
  readonly log: Log
  readonly database: Database
  readonly redact: readonly string[]
}

/** Of one attempt, with all its requests, a lease takes several. */
const NOTIFY_TIMEOUT_MS = 20_000
const NOBODY: NotifyConfig = { receivers: new Map(), routes: [], mutes: [], traceLink: undefined }

/** Each webhook has a time of its own to answer in. */
function webhookReceiver(receiver: Receiver, send: Send): Receiver {
  return { ...receiver, tell: (notice, ref) => receiver.tell(notice, ref, send) }
}

async function openNotifyFile(
  { notifyFile, environment = process.env }: RuntimeOptions,
  circumstances: { readonly clock: Clock; readonly log: Log },
): Promise<NotifyWatcher | undefined> {
  if (notifyFile === undefined) return undefined
  return NotifyWatcher.open(notifyFile, { references: localReferences(environment), ...circumstances })
}

async function openArchive(
  { archive, dataFolder }: RuntimeOptions,
  { clock, log, database, redact }: ArchiveNeeds,
  closers: Closers,
): Promise<{ readonly archive: Archive } & Pick<Dependencies, 'archiveDue' | 'archiveState' | 'flushArchive'>> {
  if (archive !== undefined) {
    return { archive, archiveDue: async () => {}, archiveState: () => ARCHIVES_ALL, flushArchive: async () => {} }
  }
  await writeRedactedKeys(archiveFolder(dataFolder), redact)
  const parquet = await ParquetArchive.open({ dataFolder, clock, log })
  const copies = new SignalArchive(database, folderStore(archiveFolder(dataFolder)), clock)
  const spill = new SpillArchive(database, parquet, log)
  closers.push(
    () => parquet.close(),
    () => copies.flush(),
    () => spill.runDue(),
  )
  const archiveDue = async () => {
    await spill.runDue()
    await parquet.runDue()
    await copies.runDue()
  }
  const archiveState = () => {
    const { failures, waiting, failure, damaged, queued } = parquet.state
    const kept = spill.state()
    return { failures, damaged, journals: waiting, queued, traces: kept.waiting, reason: kept.reason ?? failure }
  }
  return { archive: spill, archiveDue, archiveState, flushArchive: () => parquet.flush() }
}

/** Nobody else can be at work on the folder: what the last process left in hand is taken up at once. */
async function resume(buffer: SqliteBuffer, timers: SqliteTimers, queues: readonly EventQueue[]): Promise<void> {
  await buffer.releaseAll()
  await timers.showAll()
  await timers.redrive()
  for (const queue of queues) await queue.redrive()
}

function inColour(stream: Writable | undefined): boolean {
  return stream !== undefined && styleText('red', 'x', { stream }) !== 'x'
}
