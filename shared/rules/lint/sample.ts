import type { Trace } from '../../trace/span.ts'

/** What spans of recorded traces look like, to hold rules against. */
export interface SampledSpans {
  /** Attribute keys seen on the spans of each name. */
  readonly keysByName: ReadonlyMap<string, ReadonlySet<string>>
  readonly resourceKeys: ReadonlySet<string>
}

/** Names kept of a sample, and keys of each; a service with more puts identifiers into them. */
const MAX_NAMES = 100_000
const MAX_KEYS = 1000

/** Gathers the span names and attribute keys of traces, of at most 100,000 names. */
export function sampleOf(traces: Iterable<Trace>): SampledSpans {
  const keysByName = new Map<string, Set<string>>()
  const resourceKeys = new Set<string>()
  for (const { spans } of traces) {
    for (const { name, attributes, resource } of spans) {
      const known = keysByName.get(name)
      if (known === undefined && keysByName.size >= MAX_NAMES) continue
      const keys = known ?? new Set<string>()
      keysByName.set(name, keys)
      addKeys(keys, attributes.entries())
      addKeys(resourceKeys, resource.entries())
    }
  }
  return { keysByName, resourceKeys }
}

function addKeys(keys: Set<string>, entries: readonly (readonly [string, unknown])[]): void {
  for (const [key] of entries) if (keys.size < MAX_KEYS) keys.add(key)
}
