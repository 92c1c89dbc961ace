import type { Random } from '../pipeline/model/random.ts'

/** Numbers that lengths and counts are not expected to be, as varints and as fixed integers. */
const ODD_NUMBERS = [
  [0],
  [1],
  [0x7f],
  [0xff],
  [0x80, 0],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0, 0, 0, 0, 0x80],
] as const

/** Bytes with one to eight of them changed, left out, put in, repeated, or with a stretch of others in their place. */
export function mutatedBytes(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let mutated = bytes
  for (let left = random.between(1, random.chance(0.2) ? 8 : 3); left > 0; left--) {
    mutated = mutate(random, mutated, others)
  }
  return mutated
}

function mutate(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const at = random.between(0, Math.max(0, bytes.length - 1))
  const length = random.chance(0.7) ? random.between(1, 4) : random.between(1, 64)
  const replaced = (removed: number, put: ArrayLike<number>) =>
    Buffer.concat([bytes.subarray(0, at), Uint8Array.from(put), bytes.subarray(at + removed)])
  switch (random.between(0, 8)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      if (flipped.length > 0) flipped[at] = (flipped[at] as number) ^ (1 << random.between(0, 7))
      return flipped
    }
    case 1:
      return replaced(1, [random.between(0, 255)])
    case 2:
      return replaced(length, [])
    case 3:
      return replaced(0, bytes.subarray(at, at + length))
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return replaced(1, random.pick(ODD_NUMBERS))
    case 6: {
      const number = random.pick(ODD_NUMBERS)
      return replaced(number.length, number)
    }
    case 7:
      return replaced(
        0,
        Array.from({ length }, () => random.between(0, 255)),
      )
    default: {
      const other = random.pick(others)
      const from = random.between(0, Math.max(0, other.length - 1))
      return replaced(length, other.subarray(from, from + random.between(1, 300)))
    }
  }
}
