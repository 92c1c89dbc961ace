/** A part of all trace ids: those whose hash lies from `from` to `to` (exclusive) of SLICES. */
export interface Slice {
  readonly from: number
  readonly to: number
}

const SLICES = 65_536
export const ALL_TRACES: Slice = { from: 0, to: SLICES }

/** Cuts all trace ids into `parts` of about equal size. */
export function cutSlices(parts: number): readonly Slice[] {
  const at = (part: number) => Math.round((part * SLICES) / parts)
  return Array.from({ length: parts }, (_, part) => ({ from: at(part), to: at(part + 1) }))
}

export function overlaps(a: Slice, b: Slice): boolean {
  return a.from < b.to && b.from < a.to
}

export function holds({ from, to }: Slice, traceId: Buffer): boolean {
  if (from === 0 && to === SLICES) return true
  const place = placeOf(traceId)
  return place >= from && place < to
}

/** A hash, because ids need not be random: some start with the time. (Multipliers of MurmurHash3.) */
function placeOf(traceId: Buffer): number {
  let hash = 0
  for (let at = 0; at < 16; at += 4) {
    hash = Math.imul(hash ^ traceId.readUInt32LE(at), 0xcc9e2d51)
    hash = Math.imul(hash ^ (hash >>> 15), 0x1b873593)
  }
  return (hash ^ (hash >>> 13)) & (SLICES - 1)
}
