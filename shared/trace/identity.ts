import type { Ranges, ResourceLayout } from '../otlp/layout.ts'
import type { StoredSpan } from './read-span.ts'
import type { Span } from './span.ts'

/**
 * One of all spans that agree in span id, kind, name and start: the one with the latest end, then the greatest bytes.
 * Ordered by start, then span id, kind, name, so that the order of arrival shows nowhere.
 */
export function distinctSpans(stored: StoredSpan[]): StoredSpan[] {
  stored.sort((a, b) => byIdentity(a.span, b.span))
  const contexts = new Contexts(stored)
  const spans: StoredSpan[] = []
  let kept: StoredSpan | undefined
  for (const candidate of stored) {
    if (kept !== undefined && byIdentity(kept.span, candidate.span) === 0) {
      if (compareVersions(candidate, kept, contexts) <= 0) continue
      spans.pop()
    }
    kept = candidate
    spans.push(candidate)
  }
  return spans
}

/** 0 for two copies of one span; else their order. */
export function byIdentity(a: Span, b: Span): number {
  if (a.startUnixNano !== b.startUnixNano) return a.startUnixNano < b.startUnixNano ? -1 : 1
  if (a.spanId !== b.spanId) return a.spanId < b.spanId ? -1 : 1
  if (a.kind !== b.kind) return a.kind - b.kind
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return 0
}

function compareVersions(a: StoredSpan, b: StoredSpan, contexts: Contexts): number {
  if (a.span.endUnixNano !== b.span.endUnixNano) return a.span.endUnixNano < b.span.endUnixNano ? -1 : 1
  return a.bytes.compare(b.bytes, b.start, b.end, a.start, a.end) || contexts.compare(a, b)
}

interface Ranks {
  readonly resources: ReadonlyMap<ResourceLayout, number>
  readonly scopes: ReadonlyMap<ResourceLayout, number>
}

/**
 * The order of resources and scopes by their bytes. It is made once, when two spans first differ in nothing else: a
 * trace may have 100,000 copies of one span under resources of megabytes.
 */
class Contexts {
  private readonly stored: readonly StoredSpan[]
  private ranks: Ranks | undefined

  constructor(stored: readonly StoredSpan[]) {
    this.stored = stored
  }

  compare({ scope: a }: StoredSpan, { scope: b }: StoredSpan): number {
    if (a === b) return 0
    this.ranks ??= ranksOf(this.stored)
    const { resources, scopes } = this.ranks
    const difference = rankIn(resources, a.resource) - rankIn(resources, b.resource)
    return difference === 0 ? rankIn(scopes, a) - rankIn(scopes, b) : difference
  }
}

function ranksOf(stored: readonly StoredSpan[]): Ranks {
  const resources = new Map<ResourceLayout, Buffer>()
  const scopes = new Map<ResourceLayout, Buffer>()
  for (const { bytes, scope } of stored) {
    if (scopes.has(scope)) continue
    scopes.set(scope, joined(bytes, scope.rest))
    if (!resources.has(scope.resource)) resources.set(scope.resource, joined(bytes, scope.resource.rest))
  }
  return { resources: ranked(resources), scopes: ranked(scopes) }
}

/** The place of each in the order of their bytes; the same for equal bytes. */
function ranked(layouts: ReadonlyMap<ResourceLayout, Buffer>): ReadonlyMap<ResourceLayout, number> {
  const ranks = new Map<ResourceLayout, number>()
  let rank = 0
  let before: Buffer | undefined
  for (const [layout, bytes] of [...layouts].sort(([, a], [, b]) => Buffer.compare(a, b))) {
    if (before !== undefined && !bytes.equals(before)) rank++
    before = bytes
    ranks.set(layout, rank)
  }
  return ranks
}

function rankIn(ranks: ReadonlyMap<ResourceLayout, number>, layout: ResourceLayout): number {
  return ranks.get(layout) ?? 0
}

function joined(bytes: Buffer, ranges: Ranges): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i < ranges.length; i += 2) parts.push(bytes.subarray(ranges[i], ranges[i + 1]))
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}
