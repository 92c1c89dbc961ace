import { createHash } from 'node:crypto'

/** The span names an object holds: exact while they are few, else a Bloom filter that errs only towards "it may". */
export type NameSet = ExactNames | BloomNames

interface ExactNames {
  readonly kind: 'exact'
  readonly names: ReadonlySet<string>
}

interface BloomNames {
  readonly kind: 'bloom'
  readonly bits: Uint8Array
  readonly hashes: number
}

/** Span names are few by OpenTelemetry's rules; an object with more has ids in its names. */
const MAX_EXACT_NAMES = 2000
const MAX_EXACT_BYTES = 64 * 1024

/** One name in a hundred that is not there passes for one that is: 9.6 bits a name, 7 hashes. */
const BLOOM_ERROR = 0.01
const BITS_PER_NAME = -Math.log(BLOOM_ERROR) / Math.LN2 ** 2
const HASHES = Math.round(BITS_PER_NAME * Math.LN2)

/** The set of these distinct names. */
export function nameSet(names: ReadonlySet<string>): NameSet {
  let bytes = 0
  for (const name of names) bytes += Buffer.byteLength(name)
  if (names.size <= MAX_EXACT_NAMES && bytes <= MAX_EXACT_BYTES) return { kind: 'exact', names }
  const bits = new Uint8Array(Math.ceil((names.size * BITS_PER_NAME) / 8))
  for (const name of names)
    for (const bit of bitsOf(name, HASHES, bits.length * 8)) bits[bit >> 3] = byteWith(bits, bit)
  return { kind: 'bloom', bits, hashes: HASHES }
}

/** False only where no span of the object has the name. */
export function mayHaveName(set: NameSet, name: string): boolean {
  if (set.kind === 'exact') return set.names.has(name)
  return bitsOf(name, set.hashes, set.bits.length * 8).every((bit) => byteWith(set.bits, bit) === set.bits[bit >> 3])
}

/** False only where no span of the object has a name that passes the test. */
export function mayHaveNameThat(set: NameSet, passes: (name: string) => boolean): boolean {
  if (set.kind === 'bloom') return true
  for (const name of set.names) if (passes(name)) return true
  return false
}

function byteWith(bits: Uint8Array, bit: number): number {
  return (bits[bit >> 3] as number) | (1 << (bit & 7))
}

/** Bit places by double hashing over two halves of one SHA-256. */
function bitsOf(name: string, hashes: number, size: number): readonly number[] {
  const digest = createHash('sha256').update(name).digest()
  const first = digest.readUInt32LE(0)
  const step = digest.readUInt32LE(4) | 1
  return Array.from({ length: hashes }, (_, i) => (first + i * (step >>> 0)) % size)
}
