import { InputError } from '../errors.ts'
import { jsonText } from '../text/visible.ts'
import type { Metrics } from './ports.ts'
import { StorageError } from './storage-error.ts'

/** A request to a path that answers JSON, whoever received it. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** The answer to it; `body` is the whole text. */
export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The body of every error of these paths. */
export function errorBody(code: string, message: string, hint: string | undefined) {
  return { error: { code, message, ...(hint === undefined ? {} : { hint }) } }
}

/** An answer whose body is JSON; caches may not keep it. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: `${jsonText(body)}\n`,
  }
}

/** The answer to a method that a path does not have; `page`: of the documentation. */
export function allowOnly(allow: string, page: string): ApiResponse {
  return json(405, errorBody('method-not-allowed', `only ${allow} is allowed here`, `see ${page}`), { allow })
}

/**
 * The answer to a body that does not say it is JSON; undefined where it does. It keeps pages of other origins out, too: a
 * browser asks first before it sends this type.
 */
export function refuseUnlessJson({ headers }: ApiRequest): ApiResponse | undefined {
  if (/^application\/([\w.+-]+\+)?json\b/i.test(headers['content-type'] ?? '')) return undefined
  const hint = 'send it as content-type: application/json'
  return json(415, errorBody('unsupported-type', 'the body must be JSON', hint))
}

/** A part of a path; gateways hand paths over decoded or not, and no id has a `%`. */
export function pathPart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** How the paths of one subject answer what they cannot serve. */
export interface Answering {
  readonly metrics: Metrics
  /** Told of a store that failed; the client gets 503. */
  readonly onStorageFailure: (error: unknown) => void
  /** By the code of an InputError; 400 for others. */
  readonly statuses: Readonly<Partial<Record<string, number>>>
  /** What the store holds, for whoever reads that it failed. */
  readonly stored: string
}

/** Answers by `route`; an InputError with 4xx, a failing store with 503. Throws nothing but bugs. */
export async function answerBy(route: () => Promise<ApiResponse>, answering: Answering): Promise<ApiResponse> {
  const answer = await answered(route, answering)
  answering.metrics.add('apiRequests', { status: answer.status })
  return answer
}

async function answered(
  route: () => Promise<ApiResponse>,
  { statuses, stored, onStorageFailure }: Answering,
): Promise<ApiResponse> {
  try {
    return await route()
  } catch (error) {
    if (error instanceof InputError) {
      return json(statuses[error.code] ?? 400, errorBody(error.code, error.message, error.hint))
    }
    if (!(error instanceof StorageError)) throw error
    onStorageFailure(error)
    const message = `${stored} cannot be read or stored right now`
    return json(503, errorBody('unavailable', message, 'send the same again'), { 'retry-after': '2' })
  }
}
