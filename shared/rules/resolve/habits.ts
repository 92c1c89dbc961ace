import { quoted, type Reading, report } from './reading.ts'
import type { AndNode, OrNode, SyntaxNode, TextRange } from './syntax.ts'

/** What other languages teach people to write, and what says it here. Each looks at the text around a place. */

/** How far back a phrase is looked for, so that hostile text takes no longer. */
const NEAR = 1_000

const RATE =
  /^(?:per|every|each|over|during|for|within|in)\s+(?:the\s+)?(?:last\s+|past\s+)?(?:an?\s+)?(?:\d+\s*)?(?:us|ms|s|m|h|d|sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|weeks?)(?![\p{L}\p{N}_.])/iu

/** No name that ends in a digit. */
const NUMBER_BEFORE = /(?<![\p{L}\p{N}_./*-])\d[\d.]*\p{L}{0,2}\s*$/u

/** Reports `> 5 per minute` and other rates at the word after the number; returns false for other text. */
export function reportRate(reading: Reading, start: number): boolean {
  const [written] = RATE.exec(reading.text.slice(start, start + 60)) ?? []
  if (written === undefined || !NUMBER_BEFORE.test(reading.text.slice(Math.max(0, start - 60), start))) return false
  reportOverTime(reading, { start, end: start + written.length }, written)
  return true
}

/** Reports `5/min`; returns false for other text. */
export function reportPerTime(reading: Reading, node: TextRange & { readonly text: string }): boolean {
  const [, unit] = /^\d+(\/(?:s|sec|second|m|min|minute|h|hour|d|day))$/.exec(node.text) ?? []
  if (unit === undefined) return false
  reportOverTime(reading, { start: node.end - unit.length, end: node.end }, unit)
  return true
}

function reportOverTime(reading: Reading, at: TextRange, written: string): void {
  const message = `a rule judges one trace, so it counts nothing "${written}"`
  const hint = `leave "${written}" out to count within a trace; traces over time are counted by // Alert: 5 in 10m in the header`
  report(reading, at, 'unexpected-text', message, hint)
}

/** Whether what follows belongs to words of a rate, which were reported. */
export function followsRate(reading: Reading, start: number): boolean {
  return /\d\s*(?:per|every|each|over|during|for|in)\s+(?:(?:the|last|past|an?)\s+)*$/i.test(
    reading.text.slice(Math.max(0, start - 60), start),
  )
}

/** Reports `10,000` at the number, where `comma` is the place of a comma in it; returns false for other text. */
export function reportThousands(reading: Reading, comma: number): boolean {
  const [before] =
    /(?<![\p{L}\p{N}_.,])\d{1,3}(?:,\d{3})*$/u.exec(reading.text.slice(Math.max(0, comma - 40), comma)) ?? []
  const [after] = /^(?:,\d{3})+(?:\.\d+)?(?![\p{N}_])/u.exec(reading.text.slice(comma, comma + 40)) ?? []
  if (before === undefined || after === undefined) return false
  const written = `${before}${after}`
  const range = { start: comma - before.length, end: comma + after.length }
  report(reading, range, 'malformed-number', `"${written}" is not a number`, `write ${written.replaceAll(',', '')}`)
  return true
}

/** Reports `attributes["http.route"]` at its bracket; returns false for other text. */
export function reportSubscript(reading: Reading, start: number): boolean {
  const [, of] =
    /(?<![\p{L}\p{N}_.])((?:[\p{L}_]+\.)?(?:attributes|attribute|attrs|tags|resource))$/iu.exec(
      reading.text.slice(Math.max(0, start - 60), start),
    ) ?? []
  const [written, , key] = /^\[\s*(["'])([^"'\r\n]+)\1\s*\]?/.exec(reading.text.slice(start, start + 200)) ?? []
  if (of === undefined || written === undefined || key === undefined) return false
  const word = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(key) ? key : undefined
  const isResource = /^resource/i.test(of) && word !== undefined
  const meant = isResource ? `resource.${word}` : (word ?? `attr(${quoted(key)})`)
  const message = 'an attribute is named by its key alone'
  report(
    reading,
    { start, end: start + written.length },
    'unexpected-text',
    message,
    `write ${meant} instead of ${of}${written}`,
  )
  return true
}

/** Whether a word is what an index in square brackets follows, which is reported there. */
export function isSubscripted(reading: Reading, { end }: TextRange): boolean {
  return /^\[\s*["']/.test(reading.text.slice(end, end + 4))
}

/** Reports `within 2s` behind a block; returns false for other text. */
export function reportWithinBlock(reading: Reading, at: TextRange): boolean {
  const [written] = /^within\s+\d+(?:\.\d+)?\p{L}*/u.exec(reading.text.slice(at.start, at.start + 40)) ?? []
  if (written === undefined || !/\}\s*$/.test(reading.text.slice(Math.max(0, at.start - 200), at.start))) return false
  const message = '"within" limits the time between two spans, and no block'
  const hint = `bind the span of when, and order it inside the block: when { a as x } always { x before b ${written} }`
  report(reading, at, 'unexpected-text', message, hint)
  return true
}

const WHEN_ALWAYS = 'write when { … } always { … }'

/**
 * Reports conditions side by side that are a phrase of another language, as a whole: `if A then B`, `A implies B`, and
 * `trace.count(x) by k`. Returns false for other conditions.
 */
export function reportPhrase(reading: Reading, node: AndNode | OrNode): boolean {
  const [second, third] = node.rest
  if (node.kind === 'or' || second === undefined || second.operator !== null) return false
  if (isWord(node.first, /^if$/i)) return reportIf(reading, node.first)
  const implied = node.rest.find(
    ({ operator, operand }) => operator === null && isWord(operand, /^(?:implies|imply|requires)$/i),
  )
  if (implied !== undefined) {
    const written = reading.text.slice(implied.operand.start, implied.operand.end)
    report(reading, implied.operand, 'wrong-operator', `the language has no "${written}"`, WHEN_ALWAYS)
    return true
  }
  const by = isWord(second.operand, /^group$/i) && third?.operator === null ? third.operand : second.operand
  return reportBy(reading, node, second.operand, by)
}

/** Reports an `if` of another language at its word; a `then` that follows it needs no report of its own. */
export function reportIf(reading: Reading, at: TextRange): true {
  report(reading, at, 'unknown-block', 'the language has no "if … then"', WHEN_ALWAYS)
  return true
}

export function followsIf(reading: Reading, start: number): boolean {
  return /(?:^|[\s({])if[\s(]/i.test(reading.text.slice(Math.max(0, start - NEAR), start))
}

/** `trace.count(x) by k > 10`, `trace.count(x) by (k) > 10`, `trace.count(x) > 10 by k`. */
function reportBy(reading: Reading, node: AndNode, at: SyntaxNode, by: SyntaxNode): boolean {
  const first = reading.text.slice(node.first.start, Math.min(node.first.end, node.first.start + 120))
  const counted = /^(?:trace\.)?(?:count|sum|min|max|avg|distinct)\s*\(/.exec(first)
  const key =
    /^by\s*\(?\s*([\p{L}_][\p{L}\p{N}_./-]*(?:\s*,\s*[\p{L}_][\p{L}\p{N}_./-]*)*)\s*\)?\s*((?:[<>]=?|[=!]=)\s*\S+)?/u.exec(
      reading.text.slice(by.start, by.start + 200),
    )
  if (counted === null || key === null) return false
  const [, keys = '', comparison] = key
  const [, spans = '', compared = ''] = /^(.*\))\s*((?:[<>]=?|[=!]=)\s*\S+)?$/s.exec(first) ?? []
  const shown = spans.length > 60 || spans === '' ? `${counted[0]}…)` : spans
  const meant = `${shown}.by(${keys})${` ${comparison ?? compared}`.trimEnd()}`
  report(
    reading,
    { start: at.start, end: by.start + 2 },
    'unexpected-text',
    'spans are grouped by .by(…)',
    `write ${meant}`,
  )
  return true
}

function isWord(node: SyntaxNode, word: RegExp): boolean {
  return node.kind === 'word' && word.test(node.text)
}

/** What to write for functions of other languages that say nothing of one trace, or nothing here. */
export function hintForFunction(name: string): string | undefined {
  const plain = name.replace(/^trace\./, '').toLowerCase()
  if (/^(?:p\d{1,3}(?:_\d+)?|percentile(?:_\w+)?|quantile(?:_\w+)?|median|mean|average|stddev|variance)$/.test(plain)) {
    return 'the aggregates are trace.sum, trace.min, trace.max, trace.avg and trace.distinct; count slow spans by trace.count(x.where(span.duration > 1s))'
  }
  if (/^(?:rate|irate|increase|count_over_time|delta)$/.test(plain)) {
    return 'a rule judges one trace: count its spans by trace.count(…), and traces over time by // Alert: 5 in 10m in the header'
  }
  return undefined
}
