import type { ApiResponse } from '../pipeline/api-message.ts'
import type { Severity } from '../rules/ast.ts'
import { jsonText } from '../text/visible.ts'
import { experimentError } from './errors.ts'

/** A rule that fired, and the trace on which it did last. */
export interface FiringRule {
  readonly signal: string
  readonly severity: Severity
  /** Milliseconds since 1970. */
  readonly lastMs: number
  readonly traceId: string
  readonly service: string
}

/** Which live rules have fired lately; a signal that was retracted since does not count. */
export interface FiringSource {
  firingSince(sinceMs: number): Promise<readonly FiringRule[]>
}

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const
const MAX_SHOWN = 20
/** How long a firing rule is remembered on either runtime. */
const MAX_HEALTH_WINDOW_MS = 3_600_000

/**
 * The stop condition as a health check: 200 while no rule of the severity or above has fired in the window, else 503 with those that have. For
 * Gremlin Health Checks and load balancers.
 */
export async function healthOf(query: URLSearchParams, firing: FiringSource, nowMs: number): Promise<ApiResponse> {
  const windowMs = windowOfQuery(query.get('window') ?? '60s')
  const severities = severitiesOf(query.get('severity') ?? 'critical')
  const names = (query.get('rules') ?? '').split(',').map((name) => name.trim())
  const wanted = new Set(names.filter((name) => name !== ''))
  const all = await firing.firingSince(nowMs - windowMs)
  const firingNow = all
    .filter(({ signal, severity }) => severities.includes(severity) && (wanted.size === 0 || wanted.has(signal)))
    .sort((a, b) => b.lastMs - a.lastMs || (a.signal < b.signal ? -1 : 1))
  const body = {
    status: firingNow.length === 0 ? 'ok' : 'firing',
    severity: severities,
    windowSeconds: windowMs / 1000,
    firing: firingNow
      .slice(0, MAX_SHOWN)
      .map(({ lastMs, ...rule }) => ({ ...rule, last: new Date(lastMs).toISOString() })),
    more: Math.max(0, firingNow.length - MAX_SHOWN),
  }
  return {
    status: firingNow.length === 0 ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: `${jsonText(body)}\n`,
  }
}

function severitiesOf(text: string): readonly Severity[] {
  const place = SEVERITIES.indexOf(text as Severity)
  if (place >= 0) return SEVERITIES.slice(0, place + 1)
  throw experimentError(
    'bad-query',
    `severity is ${JSON.stringify(text.slice(0, 50))}`,
    `write one of ${SEVERITIES.join(', ')}`,
  )
}

function windowOfQuery(text: string): number {
  const [, digits, unit] = /^(\d{1,5})(s|m|h)$/.exec(text) ?? []
  const ms = Number(digits) * { s: 1_000, m: 60_000, h: 3_600_000 }[(unit ?? 's') as 's' | 'm' | 'h']
  if (ms >= 1_000 && ms <= MAX_HEALTH_WINDOW_MS) return ms
  throw experimentError(
    'bad-query',
    `window is ${JSON.stringify(text.slice(0, 50))}`,
    'write 1s to 1h, such as 60s or 5m',
  )
}
