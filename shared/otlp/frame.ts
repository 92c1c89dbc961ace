import { copyBackwards, writeHeader } from './backwards.ts'
import { RESOURCE_SPANS, TRACES_DATA } from './fields.ts'
import type { ResourceLayout, ScopeLayout } from './layout.ts'
import { BYTES } from './wire.ts'

/** The accepted spans of a body, a column a property: a batch has hundreds, and an object each is felt. */
export interface SpanTable {
  readonly scope: ScopeLayout[]
  /** Where the whole field lies, with tag and length. */
  readonly start: number[]
  readonly end: number[]
  /** The span before it of the same trace, -1 for the first. */
  readonly previous: number[]
}

const RESOURCE_SPANS_TAG = (TRACES_DATA.resourceSpans << 3) | BYTES
const SCOPE_SPANS_TAG = (RESOURCE_SPANS.scopeSpans << 3) | BYTES
/** A one-byte tag and a length of up to 32 bits. */
const MAX_HEADER_BYTES = 6

/** An upper bound of the bytes that `frameTrace` writes for the trace whose last span is `last`. */
export function framedSizeAtMost(spans: SpanTable, last: number): number {
  let size = 0
  let after: ScopeLayout | undefined
  for (let i = last; i >= 0; i = spans.previous[i] as number) {
    const scope = spans.scope[i] as ScopeLayout
    size += (spans.end[i] as number) - (spans.start[i] as number)
    if (scope === after) continue
    size += MAX_HEADER_BYTES + scope.restBytes
    if (scope.resource !== after?.resource) size += MAX_HEADER_BYTES + scope.resource.restBytes
    after = scope
  }
  return size
}

/**
 * Writes the trace whose last span is `last` as one TracesData that ends at `end` of `out`, and returns where it
 * starts. Written from its end to its start, so that every length is known when it is due.
 */
export function frameTrace(body: Uint8Array, spans: SpanTable, last: number, out: Uint8Array, end: number): number {
  let pos = end
  let scopeEnd = end
  let resourceEnd = end
  let i = last
  while (i >= 0) {
    const scope = spans.scope[i] as ScopeLayout
    const runEnd = spans.end[i] as number
    let runStart = spans.start[i] as number
    i = spans.previous[i] as number
    while (i >= 0 && spans.end[i] === runStart && spans.scope[i] === scope) {
      runStart = spans.start[i] as number
      i = spans.previous[i] as number
    }
    pos = copyBackwards(body, runStart, runEnd, out, pos)
    const before = i >= 0 ? spans.scope[i] : undefined
    if (before === scope) continue
    pos = writeHeader(out, copyRest(body, scope, out, pos), SCOPE_SPANS_TAG, scopeEnd)
    if (before?.resource !== scope.resource) {
      pos = writeHeader(out, copyRest(body, scope.resource, out, pos), RESOURCE_SPANS_TAG, resourceEnd)
      resourceEnd = pos
    }
    scopeEnd = pos
  }
  return pos
}

/** More pieces than this are put together once, not again for every trace. */
const FEW_PIECES = 4

function copyRest(body: Uint8Array, layout: ResourceLayout, out: Uint8Array, end: number): number {
  const { rest, restBytes } = layout
  if (rest.length <= 2 * FEW_PIECES) return copyPieces(body, layout, out, end)
  if (layout.restAsOne === undefined) {
    layout.restAsOne = new Uint8Array(restBytes)
    copyPieces(body, layout, layout.restAsOne, restBytes)
  }
  return copyBackwards(layout.restAsOne, 0, restBytes, out, end)
}

function copyPieces(body: Uint8Array, { rest }: ResourceLayout, out: Uint8Array, end: number): number {
  let pos = end
  for (let i = rest.length - 2; i >= 0; i -= 2) {
    pos = copyBackwards(body, rest[i] as number, rest[i + 1] as number, out, pos)
  }
  return pos
}
