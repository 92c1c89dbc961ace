import type { RuleSet } from '../../shared/pipeline/ports.ts'
import type { StorageError } from '../../shared/pipeline/storage-error.ts'
import { jsonText } from '../../shared/text/visible.ts'
import type { ClockWatch } from '../clock/clock-watch.ts'
import type { ArchiveState } from '../dependencies.ts'
import type { EvaluatorLoop } from '../evaluator-loop.ts'
import type { Senders } from '../fairness/senders.ts'
import type { DatabaseRoom } from '../maintenance/room.ts'
import { spaceProblem } from '../maintenance/space.ts'
import type { SignalQueues } from '../queues/signal-queues.ts'
import type { RulesInForce } from '../rules/rules-watcher.ts'
import type { JsonLinesFile } from '../sinks/json-lines-file.ts'
import type { Database } from '../sqlite/database.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteTimers } from '../sqlite/sqlite-timers.ts'
import type { PageResponse } from './http-requests.ts'
import { receiversProblem } from './incident-readings.ts'
import { RUNBOOK } from './runbook.ts'

/** The loop looks for due timers a few times a second. */
const MAX_SILENCE_MS = 30_000

export interface HealthSubjects {
  readonly database: Database
  readonly loop: EvaluatorLoop
  readonly rules: () => RulesInForce
  readonly nowMs: () => number
  readonly archiveState: () => ArchiveState
  readonly lines: JsonLinesFile | undefined
  readonly signalQueues: Pick<SignalQueues, 'all'>
  readonly deliveries: SqliteDeliveries
  readonly clockWatch: ClockWatch
  readonly senders: Senders
  readonly timers: SqliteTimers
  readonly room: DatabaseRoom
  /** The file of receivers, where one is used. */
  readonly notify?: { problem(): string | undefined }
}

/** How long a failed write is reported, although a small write succeeds now. */
const RECENT_MS = 15_000

/** A look syncs a write to the disk, 10 ms and more in which nothing else happens, and whoever reaches the port may ask. */
const LOOKS_AT_ONCE = 20
const LOOK_EVERY_MS = 100

/** `GET /healthz`. Beyond 20 questions at once and 10 a second, askers are given the last answer. */
export function healthPage(
  subjects: HealthSubjects,
  stopwatch: () => number = () => performance.now(),
): () => Promise<PageResponse> {
  let left = LOOKS_AT_ONCE
  let countedMs = stopwatch()
  let last: Promise<PageResponse> | undefined
  return () => {
    const nowMs = stopwatch()
    left = Math.min(LOOKS_AT_ONCE, left + (nowMs - countedMs) / LOOK_EVERY_MS)
    countedMs = nowMs
    if (last !== undefined && left < 1) return last
    left -= 1
    last = examine(subjects)
    return last
  }
}

/**
 * 200 while spans can be stored and traces are judged, else 503; says what is wrong and what to do.
 * `degraded` is what can wait: traces and signals are kept until the archive, the file of JSON lines or a webhook takes
 * them, and a sender that floods has to come back later.
 */
async function examine(subjects: HealthSubjects): Promise<PageResponse> {
  const { database, rules } = subjects
  const { set, folder } = rules()
  const space = spaceOf(subjects)
  const problems = {
    buffer: await writable(database),
    database: whileReadable(() => database.promises?.problem()) ?? markProblem(database),
    evaluator: evaluatorProblem(subjects),
    archive: archiveProblem(subjects),
    jsonLines: jsonLinesProblem(subjects),
    webhooks: webhooksProblem(subjects),
    receivers: whileReadable(() => receiversProblem(subjects.deliveries)),
    clock: subjects.clockWatch.problem(),
    space: space?.text,
    senders: sendersProblem(subjects),
    rules: rulesProblem(folder) ?? brokenRulesProblem(set),
    notify: subjects.notify?.problem(),
  }
  const failing = problems.buffer !== undefined || problems.evaluator !== undefined || space?.refuses === true
  // A problem of any part that is not failing can wait.
  const degraded = Object.values(problems).some((problem) => problem !== undefined)
  const body = {
    status: failing ? 'failing' : degraded ? 'degraded' : 'ok',
    buffer: problems.buffer ?? 'ok',
    database: problems.database ?? 'ok',
    evaluator: problems.evaluator ?? 'ok',
    archive: problems.archive ?? 'ok',
    jsonLines: problems.jsonLines ?? 'ok',
    webhooks: problems.webhooks ?? 'ok',
    receivers: problems.receivers ?? 'ok',
    clock: problems.clock ?? 'ok',
    space: problems.space ?? 'ok',
    senders: problems.senders ?? 'ok',
    rules: problems.rules ?? 'ok',
    ...(subjects.notify !== undefined && { notify: problems.notify ?? 'ok' }),
    rulesLoaded: set.rules.length,
    rulesRejected: set.rejected,
  }
  return { status: failing ? 503 : 200, contentType: 'application/json', body: `${jsonText(body)}\n` }
}

function rulesProblem({ unreadable }: RulesInForce['folder']): string | undefined {
  const [first] = unreadable
  if (first === undefined) return undefined
  const { file, reason, hint, isKept } = first
  const more = unreadable.length > 1 ? `; and ${unreadable.length - 1} more cannot be read` : ''
  const kept = isKept ? ', its rules stay in force until then' : ''
  return `${file} cannot be read: ${reason}; ${hint}${kept} (${RUNBOOK.rules})${more}`
}

/** A rule that does not compile is not in force, or as it was before; either way it is not what somebody wrote. */
function brokenRulesProblem({ problems: [first], more, rejected, keptBack }: RuleSet): string | undefined {
  if (first === undefined) return undefined
  const { file, range, rule, message } = first
  const where = `${file}:${range.start.line}${rule === undefined ? '' : ` ${rule}`}`
  const others = more.count > 0 || rejected > 1 ? `; ${rejected} rules have problems` : ''
  const kept =
    keptBack.length === 0 ? 'not in force until then' : `${keptBack.length} stay in force as they were until then`
  return `${where}: ${message}; correct it, ${kept} (${RUNBOOK.broken})${others}`
}

/** A database that cannot be read is reported as such. */
function spaceOf(subjects: HealthSubjects): ReturnType<typeof spaceProblem> {
  try {
    return spaceProblem(subjects)
  } catch {
    return undefined
  }
}

function evaluatorProblem({ loop, nowMs }: HealthSubjects): string | undefined {
  if (loop.failure !== undefined) return `cannot look for due traces: ${advice(loop.failure)}`
  const silentMs = nowMs() - loop.lastRunMs
  return silentMs > MAX_SILENCE_MS ? `has not looked for due traces for ${silentMs} ms` : undefined
}

/** Named on the page; the rest are counted. */
const NAMED_SENDERS = 5

function sendersProblem({ senders }: HealthSubjects): string | undefined {
  const refused = senders.refused()
  if (refused.length === 0) return undefined
  const named = refused.slice(0, NAMED_SENDERS).map(({ name, why }) => `${name}: ${why}`)
  const more = refused.length > NAMED_SENDERS ? [`${refused.length - NAMED_SENDERS} more`] : []
  return `answered with 503, while the others are served: ${[...named, ...more].join('; ')} (${RUNBOOK.senders})`
}

async function writable(database: Database): Promise<string | undefined> {
  try {
    await database.touch()
  } catch (error) {
    return advice(error)
  }
  const { lastFailure } = database
  return lastFailure !== undefined && performance.now() - lastFailure.atMs < RECENT_MS
    ? advice(lastFailure.error)
    : undefined
}

function markProblem({ promises }: Database): string | undefined {
  if (promises?.failure === undefined) return undefined
  const what = 'the mark of what was promised cannot be written, so that a loss would not be noticed'
  return `${what}: ${promises.failure} (${headingOf(promises.failure)})`
}

function advice(error: unknown): string {
  const { message, hint } = error as StorageError
  return hint === undefined ? message : `${message}; ${hint}`
}

function archiveProblem({ archiveState }: HealthSubjects): string | undefined {
  return whileReadable(() => {
    const { journals, traces, damaged, reason = 'not told' } = archiveState()
    const parts = [
      ...(traces > 0 ? [`${traces} traces are kept in the database until the archive takes them`] : []),
      ...(journals > 0 ? [`${journals} journals wait to become Parquet files`] : []),
    ]
    if (parts.length > 0) return `${parts.join(' and ')}: ${reason} (${headingOf(reason)})`
    return damaged > 0 ? `${damaged} damaged journals were put aside (${RUNBOOK.archive})` : undefined
  })
}

function jsonLinesProblem({ lines }: HealthSubjects): string | undefined {
  return whileReadable(() => {
    const { waiting = 0, reason } = lines?.state() ?? {}
    if (waiting === 0 || reason === undefined) return undefined
    return `${waiting} signals wait to be written: ${reason} (${headingOf(reason)})`
  })
}

function webhooksProblem({ signalQueues }: HealthSubjects): string | undefined {
  return whileReadable(() => {
    const refused = signalQueues.all.flatMap((webhook) => {
      const { setAside } = webhook.backlog()
      return setAside === 0 ? [] : [`${webhook.name}: ${setAside} signals, ${webhook.lastRefusal()}`]
    })
    if (refused.length === 0) return undefined
    return `signals are set aside, and sent again at the next start: ${refused.join('; ')} (${RUNBOOK.webhooks})`
  })
}

/** Where the runbook says what to do about an error of the file system. */
function headingOf(reason: string): string {
  if (/ENOSPC|EDQUOT/.test(reason)) return RUNBOOK.full
  return /EROFS|EACCES|EPERM/.test(reason) ? RUNBOOK.readOnly : RUNBOOK.archive
}

/** A database that cannot be read is reported elsewhere. */
function whileReadable(look: () => string | undefined): string | undefined {
  try {
    return look()
  } catch (error) {
    return (error as Error).message
  }
}
