import { visible } from '../../text/visible.ts'
import type { Block, ClauseEvidence, Evidence, EvidenceValue, SpanEvidence } from '../judge/verdict.ts'

/**
 * Evidence as lines of plain text, for a terminal, a pager or a mail: each clause with whether it holds and what was
 * seen, under it the spans with the values read. No line holds control characters, whatever the trace held.
 */
export function renderEvidence({ clauses, truncated }: Evidence): readonly string[] {
  const lines: string[] = []
  let block: Block | undefined
  for (const clause of clauses) {
    if (clause.block !== block && clause.block !== 'pattern') lines.push(`${clause.block}:`)
    block = clause.block
    lines.push(...renderClause(clause))
  }
  return truncated ? [...lines, '(shortened: the counts are of everything seen)'] : lines
}

function renderClause(clause: ClauseEvidence): readonly string[] {
  const { block, depth, holds, seen, spans, spanCount, nearMisses, nearMissCount } = clause
  const indent = '  '.repeat(depth + (block === 'pattern' ? 0 : 1))
  return [
    `${indent}${holds ? '✓' : '✗'} ${visible(clause.clause)} — ${visible(seen)}`,
    ...spans.map((span) => `${indent}    ${renderSpan(span)}`),
    ...more(indent, spanCount - spans.length, spans.length),
    ...nearMisses.map((span) => `${indent}    near miss: ${renderSpan(span)}`),
    ...more(indent, nearMissCount - nearMisses.length, nearMisses.length),
  ]
}

/** Says how many spans are left out of a list that has some. */
function more(indent: string, left: number, shown: number): readonly string[] {
  return left > 0 && shown > 0 ? [`${indent}    … and ${left} more`] : []
}

function renderSpan({ spanId, name, service, values, reason }: SpanEvidence): string {
  const where = service === '' ? '' : ` of ${visible(service)}`
  const because = reason === undefined ? '' : `: ${visible(reason)}`
  const read = Object.entries(values).map(([key, value]) => {
    const isRenamed = key.includes(' (read as ')
    return `${visible(key)}${isRenamed ? ' = ' : '='}${renderValue(key, value)}`
  })
  const shown = reason === undefined && read.length > 0 ? `: ${read.join(' ')}` : because
  return `span ${spanId} ${visible(name)}${where}${shown}`
}

/** `span.duration`, or that of a bound span. */
const DURATION_KEY = /^(\w+\.)?span\.duration$/

/** Strings in quotes, save for what is a string only because JSON has no durations. */
function renderValue(key: string, value: EvidenceValue): string {
  if (value === null) return 'missing'
  if (typeof value === 'string') return DURATION_KEY.test(key) ? value : `"${visible(value)}"`
  return typeof value === 'object' ? `[${value.map((each) => renderValue('', each)).join(', ')}]` : String(value)
}
