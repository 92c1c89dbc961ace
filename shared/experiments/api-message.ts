import { jsonText } from '../text/visible.ts'

/** A request to the paths of `isExperimentPath`, whoever received it. */
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
