import { spanDuration } from '../../shared/rules/judge/run.ts'
import { counted } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import type { Span, Trace } from '../../shared/trace/span.ts'
import { cell } from './cell.ts'
import { rowsOf, type WaterfallRow } from './rows.ts'

/** How many spans of a trace are drawn; the rest is a number. */
const MAX_SPANS = 40
/** Deeper spans are not indented further; their depth is written. */
const MAX_INDENT = 10
/** A narrower screen has no room for services. */
const SERVICE_FROM_COLUMNS = 72
const DURATION_COLUMNS = 7

/** How a part of the drawing is coloured. */
export type PaintPart = (part: 'witness' | 'error' | 'dim', text: string) => string

interface Layout {
  readonly mark: number
  readonly name: number
  readonly service: number
  readonly bar: number
}

/**
 * A trace as lines of `columns` each: what is under what, when, for how long. `marks`: what to put before spans, by
 * position. A large trace is drawn in part, marked spans first, with the number of those left out where they would stand.
 */
export function drawWaterfall(
  { spans }: Trace,
  marks: ReadonlyMap<number, string>,
  columns: number,
  paint: PaintPart,
): readonly string[] {
  const rows = rowsOf(spans, [...marks.keys()], MAX_SPANS)
  const layout = layoutFor(rows, spans, marks, columns)
  const scale = scaleOf(spans)
  return rows.map((row) => {
    if (row.kind === 'left out') return paint('dim', leftOut(row, layout, columns))
    const span = spans[row.position] as Span
    const mark = marks.get(row.position)
    const name = cell(indented(row.depth, span.name), layout.name)
    const service = layout.service === 0 ? '' : ` ${cell(serviceOf(span), layout.service)}`
    const bar = barOf(span, scale, layout.bar)
    const facts = `${paint('dim', service)} ${span.statusCode === 2 ? paint('error', bar) : bar}`
    const head = `${cell(mark ?? '', layout.mark)}${name}`
    return `${mark === undefined ? head : paint('witness', head)}${facts} ${shortDuration(span).padStart(DURATION_COLUMNS)}`
  })
}

function layoutFor(
  rows: readonly WaterfallRow[],
  spans: readonly Span[],
  marks: ReadonlyMap<number, string>,
  columns: number,
) {
  const drawn = rows.flatMap((row) => (row.kind === 'span' ? [{ span: spans[row.position] as Span, ...row }] : []))
  const longest = (lengths: readonly number[], most: number) => Math.min(most, Math.max(0, ...lengths))
  const mark =
    marks.size === 0
      ? 0
      : 1 +
        longest(
          [...marks.values()].map((text) => text.length),
          6,
        )
  const hasServices = columns >= SERVICE_FROM_COLUMNS
  const name = longest(
    drawn.map(({ span, depth }) => lengthShown(indented(depth, span.name))),
    Math.floor(columns * 0.4),
  )
  const service = hasServices
    ? longest(
        drawn.map(({ span }) => lengthShown(serviceOf(span))),
        Math.floor(columns / 7),
      )
    : 0
  const bar = columns - mark - name - (service === 0 ? 0 : service + 1) - DURATION_COLUMNS - 2
  return { mark, name, service, bar } satisfies Layout
}

/** No column is wider than a screen: of a long text the beginning is enough. */
const MAX_LOOKED_AT = 1_000

function lengthShown(text: string): number {
  return visible(text.slice(0, MAX_LOOKED_AT)).length
}

function indented(depth: number, spanName: string): string {
  const name = spanName === '' ? '(no name)' : spanName
  return depth <= MAX_INDENT ? `${'  '.repeat(depth)}${name}` : `${'  '.repeat(MAX_INDENT)}(${depth}) ${name}`
}

function leftOut(
  { count, depth }: Extract<WaterfallRow, { kind: 'left out' }>,
  { mark }: Layout,
  columns: number,
): string {
  const indent = '  '.repeat(Math.min(depth, MAX_INDENT))
  return cell(`${' '.repeat(mark)}${indent}… ${counted(count, 'more span')}`, columns).trimEnd()
}

function serviceOf({ resource }: Span): string {
  const service = resource.get('service.name')
  return typeof service === 'string' ? service : ''
}

interface Scale {
  readonly start: bigint
  readonly nanos: number
}

function scaleOf(spans: readonly Span[]): Scale {
  let start = spans[0]?.startUnixNano ?? 0n
  let end = start
  for (const span of spans) {
    if (span.startUnixNano < start) start = span.startUnixNano
    if (endOf(span) > end) end = endOf(span)
  }
  return { start, nanos: Number(end - start) }
}

/** Where a clock stepped back, a span ended when it started. */
function endOf({ startUnixNano, endUnixNano }: Span): bigint {
  return endUnixNano > startUnixNano ? endUnixNano : startUnixNano
}

function barOf(span: Span, { start, nanos }: Scale, columns: number): string {
  const place = (moment: bigint) => (nanos === 0 ? 0 : (Number(moment - start) / nanos) * columns)
  const from = Math.min(Math.floor(place(span.startUnixNano)), columns - 1)
  const to = Math.min(Math.max(Math.round(place(endOf(span))), from + 1), columns)
  return `${'·'.repeat(from)}${'━'.repeat(to - from)}${'·'.repeat(columns - to)}`
}

const UNITS = [
  ['h', 3.6e12],
  ['m', 6e10],
  ['s', 1e9],
  ['ms', 1e6],
  ['us', 1e3],
] as const

/** Three digits and a unit; the evidence has exact durations. */
function shortDuration(span: Span): string {
  const nanos = Number(spanDuration(span))
  const [unit, size] = UNITS.find(([, each]) => nanos >= each) ?? ['ns', 1]
  const value = nanos / size
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))}${unit}`
}
