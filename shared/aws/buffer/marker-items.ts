import { deflateSync, inflateSync } from 'node:zlib'
import { judgementIn } from '../../pipeline/committed.ts'
import type { CommittedJudgement, Lease, Marker, PendingSignal } from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { cutBytes, type Item, joinBytes, tableKey } from './buffer-items.ts'

/*
 * The marker's attributes: r revision, t and u the lease's token and end, v verdict, q pending signals, x expiry.
 * v and q are deflated JSON (B), or where they are large the name of a set of parts (S: `<token>#<count>`).
 */

/** The verdict without what is pending, which is replaced on its own. */
type Verdict = Omit<CommittedJudgement, 'pending'>

/** Beyond this a value moves to items of its own: two values and the rest must fit one item. */
const INLINE_BYTES = 150 * 1024
/** Far above 5,000 chunk keys and 10,000 signals with their evidence. */
const MAX_INFLATED_BYTES = 512 * 1024 * 1024

const NO_JUDGEMENT: Verdict = { seen: [], verdicts: 0, truncated: false, signals: [] }

/** A value ready for the marker, and the items that must be written before the marker names them. */
export interface PackedValue {
  readonly value: Item[string]
  readonly parts: readonly Item[]
}

/** Packs the verdict of a trace, or what is pending; `setName` is used once and never again. */
export function packValue(
  traceId: string,
  setName: string,
  value: Verdict | readonly PendingSignal[],
  partExpiry: Item[string],
): PackedValue {
  const packed = deflateSync(JSON.stringify(value))
  if (packed.length <= INLINE_BYTES) return { value: { B: packed }, parts: [] }
  const parts = cutBytes(packed).map(
    (part, i): Item => ({
      ...tableKey(traceId, `${setPrefix(setName)}${String(i).padStart(4, '0')}`),
      p: { B: part },
      x: partExpiry,
    }),
  )
  return { value: { S: `${setName}#${parts.length}` }, parts }
}

/** Sort keys of the part sets that a marker names begin so. */
export function partSetPrefixes(item: Item): readonly string[] {
  return [item.v?.S, item.q?.S].filter((named) => named !== undefined).map((named) => partSet(named).prefix)
}

/** The marker in its item; `parts` holds the items of each part set it names, in order. */
export function markerOf(item: Item, parts: ReadonlyMap<string, readonly Item[]>): Marker {
  const lease = leaseOf(item)
  return {
    ...judgementIn(parse<Verdict>(bytesOf(item.v, parts)) ?? NO_JUDGEMENT),
    pending: parse<readonly PendingSignal[]>(bytesOf(item.q, parts)) ?? [],
    revision: Number(item.r?.N ?? 0),
    ...(lease !== undefined && { lease }),
  }
}

function bytesOf(value: Item[string] | undefined, parts: ReadonlyMap<string, readonly Item[]>): Uint8Array | undefined {
  if (value?.S === undefined) return value?.B
  const { prefix, count } = partSet(value.S)
  const found = parts.get(prefix) ?? []
  const bytes = found.length === count ? joinBytes(found.map((part) => part.p?.B)) : undefined
  if (bytes === undefined)
    throw new StorageError('corrupt', `a marker lacks parts: ${found.length} of ${count} are there`)
  return bytes
}

function partSet(named: string): { readonly prefix: string; readonly count: number } {
  const at = named.lastIndexOf('#')
  return { prefix: setPrefix(named.slice(0, at)), count: Number(named.slice(at + 1)) }
}

function leaseOf(item: Item): Lease | undefined {
  const token = item.t?.S
  return token === undefined ? undefined : { token, untilMs: Number(item.u?.N ?? 0) }
}

function setPrefix(setName: string): string {
  return `s#${setName}#`
}

function parse<Value>(packed: Uint8Array | undefined): Value | undefined {
  if (packed === undefined) return undefined
  try {
    return JSON.parse(inflateSync(packed, { maxOutputLength: MAX_INFLATED_BYTES }).toString('utf8')) as Value
  } catch (cause) {
    throw new StorageError('corrupt', 'a marker cannot be read', { cause })
  }
}
