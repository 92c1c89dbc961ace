import type { Database } from './database.ts'
import type { EvaluatorLoop } from './evaluator-loop.ts'
import type { PageResponse } from './http.ts'
import type { LoadedRules } from './rules-watcher.ts'
import type { RuntimeSettings } from './settings.ts'

/** The loop looks for due timers a few times a second. */
const LONGEST_SILENCE_MS = 30_000

export interface HealthSubjects {
  readonly database: Database
  readonly loop: EvaluatorLoop
  readonly settings: Pick<RuntimeSettings, 'maxBehindMs'>
  readonly rules: () => LoadedRules
  readonly nowMs: () => number
}

/** `GET /healthz`: 200 while spans can be stored and traces are judged, else 503; says what is wrong. */
export async function healthPage(subjects: HealthSubjects): Promise<PageResponse> {
  const { database, rules } = subjects
  const { set, folder } = rules()
  const problems = {
    buffer: await writable(database),
    evaluator: evaluatorProblem(subjects),
    rules: folder.unreadable.length > 0 ? `${folder.unreadable.length} files cannot be read` : undefined,
  }
  const failing = problems.buffer !== undefined || problems.evaluator !== undefined
  const body = {
    status: failing ? 'failing' : 'ok',
    buffer: problems.buffer ?? 'ok',
    evaluator: problems.evaluator ?? 'ok',
    rules: problems.rules ?? 'ok',
    rulesLoaded: set.rules.length,
    rulesRejected: set.rejected,
  }
  return { status: failing ? 503 : 200, contentType: 'application/json', body: `${JSON.stringify(body)}\n` }
}

function evaluatorProblem({ loop, settings, nowMs }: HealthSubjects): string | undefined {
  if (loop.behindMs > settings.maxBehindMs) {
    return `judges traces ${Math.round(loop.behindMs / 1000)} s after their turn; no spans are taken until it has caught up`
  }
  const silentMs = nowMs() - loop.lastRunMs
  return silentMs > LONGEST_SILENCE_MS ? `has not looked for due traces for ${silentMs} ms` : undefined
}

async function writable(database: Database): Promise<string | undefined> {
  try {
    await database.touch()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
