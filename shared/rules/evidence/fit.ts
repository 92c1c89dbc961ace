import type { ClauseEvidence, Evidence, SpanEvidence } from '../judge/verdict.ts'
import { cut } from './wording.ts'

/** Evidence and its text together stay within 16 KiB of JSON. */
const MAX_EVIDENCE_BYTES = 8 * 1024

interface Detail {
  readonly clauses: number
  readonly spans: number
  readonly values: number
  readonly characters: number
}

/** From all there is to the bare minimum; the first that fits is taken. */
const details: readonly Detail[] = [
  { clauses: 64, spans: 3, values: 8, characters: 1000 },
  { clauses: 32, spans: 2, values: 4, characters: 200 },
  { clauses: 16, spans: 1, values: 2, characters: 120 },
  { clauses: 12, spans: 0, values: 0, characters: 80 },
  { clauses: 6, spans: 0, values: 0, characters: 40 },
]

/** Cuts evidence to what a signal can carry: fewer spans and values first, then clauses; counts stay exact. */
export function fitEvidence(clauses: readonly ClauseEvidence[]): Evidence {
  let fitted: readonly ClauseEvidence[] = []
  for (const detail of details) {
    fitted = clauses.slice(0, detail.clauses).map((clause) => withDetail(clause, detail))
    if (jsonBytes(fitted) <= MAX_EVIDENCE_BYTES) break
  }
  return { clauses: fitted, truncated: jsonBytes(fitted) < jsonBytes(clauses) }
}

function withDetail(clause: ClauseEvidence, detail: Detail): ClauseEvidence {
  return {
    ...clause,
    clause: cut(clause.clause, detail.characters),
    seen: cut(clause.seen, detail.characters),
    spans: clause.spans.slice(0, detail.spans).map((span) => spanWithDetail(span, detail)),
    nearMisses: clause.nearMisses.slice(0, detail.spans).map((span) => spanWithDetail(span, detail)),
  }
}

function spanWithDetail(span: SpanEvidence, detail: Detail): SpanEvidence {
  const values = Object.fromEntries(Object.entries(span.values).slice(0, detail.values))
  return { ...span, values, ...(span.reason !== undefined && { reason: cut(span.reason, detail.characters) }) }
}

/** The length of its JSON in UTF-8, at most: control characters take six bytes, letters beyond ASCII up to three. */
function jsonBytes(value: unknown): number {
  const json = JSON.stringify(value)
  let bytes = json.length
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at)
    if (unit >= 0x80) bytes += unit < 0x800 ? 1 : 2
  }
  return bytes
}
