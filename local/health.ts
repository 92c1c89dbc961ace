import type { Database } from './database.ts'
import type { EvaluatorLoop } from './evaluator-loop.ts'
import type { PageResponse } from './http.ts'
import type { LoadedRules } from './rules-watcher.ts'

/** The loop looks for due timers a few times a second. */
const LONGEST_SILENCE_MS = 30_000

export interface HealthSubjects {
  readonly database: Database
  readonly loop: EvaluatorLoop
  readonly rules: () => LoadedRules
  readonly nowMs: () => number
}

/** `GET /healthz`: 200 while spans can be stored and traces are judged, else 503; says what is wrong. */
export async function healthPage({ database, loop, rules, nowMs }: HealthSubjects): Promise<PageResponse> {
  const silentMs = nowMs() - loop.lastRunMs
  const { set, folder } = rules()
  const problems = {
    buffer: await writable(database),
    evaluator: silentMs > LONGEST_SILENCE_MS ? `has not looked for due traces for ${silentMs} ms` : undefined,
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

async function writable(database: Database): Promise<string | undefined> {
  try {
    await database.touch()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
