/** A part of all trace ids: those whose hash lies from `from` to `to` (exclusive) of SLICES. */
export interface Slice {
  readonly from: number
  readonly to: number
}

const SLICES = 65_536
export const ALL_TRACES: Slice = { from: 0, to: SLICES }

/** Cuts all trace ids, or those of a slice, into `parts` of about equal size. */
export function cutSlices(parts: number, { from, to }: Slice = ALL_TRACES): readonly Slice[] {
  const at = (part: number) => from + Math.round((part * (to - from)) / parts)
  return Array.from({ length: parts }, (_, part) => ({ from: at(part), to: at(part + 1) }))
}

/** How much of all trace ids it holds, from 0 to 1. */
export function shareOf({ from, to }: Slice): number {
  return (to - from) / SLICES
}

export function overlaps(a: Slice, b: Slice): boolean {
  return a.from < b.to && b.from < a.to
}

export function holds({ from, to }: Slice, traceId: Buffer): boolean {
  if (from === 0 && to === SLICES) return true
  const place = hashOf(traceId) & (SLICES - 1)
  return place >= from && place < to
}

/** 32 bits, because ids need not be random: some start with the time. (Multipliers of MurmurHash3.) */
export function hashOf(traceId: Buffer): number {
  let hash = 0
  for (let at = 0; at < 16; at += 4) {
    hash = Math.imul(hash ^ traceId.readUInt32LE(at), 0xcc9e2d51)
    hash = Math.imul(hash ^ (hash >>> 15), 0x1b873593)
  }
  return hash ^ (hash >>> 13)
}
