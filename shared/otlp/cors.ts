import type { OtlpResponse, RequestHead } from './http.ts'

/** Which web pages may send traces: exact origins (`https://shop.example`), or `*` for any. */
export interface CorsOptions {
  readonly allowedOrigins: readonly string[]
}

const PREFLIGHT_AGE_S = 7200
const HEADER_LIST = /^[a-zA-Z0-9!#$%&'*+.^_`|~-]+(?:\s*,\s*[a-zA-Z0-9!#$%&'*+.^_`|~-]+)*$/
const MAX_HEADER_LIST = 1000

/** Whether this is a browser asking if it may POST. */
export function isPreflight({ method, headers }: RequestHead): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

/** Whether this is the question of a page that may not send; without options no page may. */
export function isRefusedPreflight(head: RequestHead, options: CorsOptions | undefined): boolean {
  if (!isPreflight(head)) return false
  return options === undefined || corsHeaders(head, options)['access-control-allow-origin'] === undefined
}

/** The answer to a preflight; without permission in it where the origin is not allowed. */
export function preflightResponse(head: RequestHead, options: CorsOptions): OtlpResponse {
  const allowed = corsHeaders(head, options)
  if (allowed['access-control-allow-origin'] === undefined) return { status: 204, headers: allowed, body: NOTHING }
  const asked = head.headers['access-control-request-headers'] ?? ''
  const names = asked.length <= MAX_HEADER_LIST && HEADER_LIST.test(asked) ? asked : 'content-type, content-encoding'
  const headers = {
    ...allowed,
    vary: 'origin, access-control-request-headers',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': names,
    'access-control-max-age': String(PREFLIGHT_AGE_S),
  }
  return { status: 204, headers, body: NOTHING }
}

/** Headers that let a page of an allowed origin read the response. */
export function corsHeaders({ headers }: RequestHead, { allowedOrigins }: CorsOptions): Record<string, string> {
  const exposed = { 'access-control-expose-headers': 'retry-after' }
  if (allowedOrigins.includes('*')) return { 'access-control-allow-origin': '*', ...exposed }
  const { origin } = headers
  if (origin === undefined || !allowedOrigins.includes(origin)) return { vary: 'origin' }
  return { 'access-control-allow-origin': origin, vary: 'origin', ...exposed }
}

const NOTHING = new Uint8Array(0)
