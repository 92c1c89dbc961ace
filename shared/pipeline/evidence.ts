import type { ClauseEvidence, Evidence, SpanEvidence } from '../rules/verdict.ts'
import type { AttributeValue } from '../trace/span.ts'

/** A JSON value, as evidence is carried in a signal. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Why the rule fired: a text a person reads, and the same as data. */
export interface SignalEvidence {
  readonly text: string
  readonly clauses: readonly { readonly [key: string]: Json }[]
  /** True where spans, values or clauses were left out to stay within 16 KiB; counts stay exact. */
  readonly truncated: boolean
}

const MAX_EVIDENCE_BYTES = 16 * 1024

interface Detail {
  readonly clauses: number
  readonly spans: number
  readonly nearMisses: number
  readonly characters: number
}

/** From all there is to the bare minimum; the first that fits is taken. */
const DETAILS: readonly Detail[] = [
  { clauses: Infinity, spans: Infinity, nearMisses: Infinity, characters: Infinity },
  { clauses: 64, spans: 5, nearMisses: 3, characters: 1_000 },
  { clauses: 32, spans: 3, nearMisses: 1, characters: 200 },
  { clauses: 16, spans: 1, nearMisses: 1, characters: 80 },
  { clauses: 8, spans: 0, nearMisses: 0, characters: 80 },
]

/** Evidence as a signal carries it: at most 16 KiB of JSON; what is left out is marked, and counted where it can be. */
export function signalEvidence(evidence: Evidence | undefined): SignalEvidence {
  const clauses = evidence?.clauses ?? []
  let cut: SignalEvidence = { text: '', clauses: [], truncated: clauses.length > 0 }
  for (const detail of DETAILS) {
    cut = withDetail(clauses, detail, detail !== DETAILS[0])
    if (Buffer.byteLength(JSON.stringify(cut)) <= MAX_EVIDENCE_BYTES) return cut
  }
  return { ...cut, clauses: [] }
}

function withDetail(clauses: readonly ClauseEvidence[], detail: Detail, truncated: boolean): SignalEvidence {
  const shown = clauses.slice(0, detail.clauses)
  const lines = shown.map((clause) => `${clause.block}: ${cutText(`${clause.clause} — ${clause.seen}`, detail)}`)
  if (shown.length < clauses.length) lines.push(`… and ${clauses.length - shown.length} more clauses`)
  return { text: lines.join('\n'), clauses: shown.map((clause) => clauseJson(clause, detail)), truncated }
}

function clauseJson(clause: ClauseEvidence, detail: Detail): SignalEvidence['clauses'][number] {
  return {
    block: clause.block,
    clause: cutText(clause.clause, detail),
    holds: clause.holds,
    seen: cutText(clause.seen, detail),
    spans: clause.spans.slice(0, detail.spans).map((span) => spanJson(span, detail)),
    spanCount: clause.spanCount,
    nearMisses: clause.nearMisses.slice(0, detail.nearMisses).map((span) => spanJson(span, detail)),
  }
}

function spanJson(span: SpanEvidence, detail: Detail): Json {
  const values = Object.entries(span.values).map(([key, value]) => [
    cutText(key, detail),
    valueJson(value ?? null, detail),
  ])
  return {
    spanId: span.spanId,
    name: cutText(span.name, detail),
    service: cutText(span.service, detail),
    values: Object.fromEntries(values),
    ...(span.reason === undefined ? {} : { reason: cutText(span.reason, detail) }),
  }
}

/** JSON has no integers beyond 2^53, bytes, or numbers that are none: they become text. */
function valueJson(value: AttributeValue, detail: Detail): Json {
  if (typeof value === 'string') return cutText(value, detail)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value === null || typeof value === 'boolean') return value
  if (value instanceof Uint8Array) return cutText(Buffer.from(value).toString('base64'), detail)
  if (Array.isArray(value)) return value.map((item: AttributeValue) => valueJson(item, detail))
  const map = value as ReadonlyMap<string, AttributeValue>
  return Object.fromEntries([...map].map(([key, item]) => [cutText(key, detail), valueJson(item, detail)]))
}

function cutText(text: string, detail: Detail): string {
  return text.length <= detail.characters ? text : `${text.slice(0, detail.characters).toWellFormed()}…`
}
