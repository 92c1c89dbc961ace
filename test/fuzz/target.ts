import type { Random } from '../pipeline/model/random.ts'

/** Something that reads what strangers write. */
export interface Target {
  /** Its name on the command line. */
  readonly name: string
  readonly about: string
  /** Prepares what the cases have in common. */
  open(): Promise<OpenTarget>
}

export interface OpenTarget {
  /** One input: the same for the same random numbers. */
  generate(random: Random): Uint8Array
  /** Throws what a property that does not hold says of itself. */
  check(input: Uint8Array): void | Promise<void>
  /** The time that a case of the given bytes may take. */
  readonly bounds: Bounds
  close?(): Promise<void>
}

/** Linear in the input; both are far above what is seen, so that a slow machine raises no alarm. */
export interface Bounds {
  /** Processor time. */
  ms(bytes: number): number
  /** Everything that a case allocates, garbage too. */
  allocatedBytes(bytes: number): number
}

/** A property that does not hold. */
class Violation extends Error {
  override readonly name = 'Violation'
}

export function violate(message: string): never {
  throw new Violation(message)
}

/** Bytes of a text; one that is not well-formed becomes UTF-16 with a byte order mark, so that nothing is lost. */
export function bytesOf(text: string): Uint8Array {
  return text.isWellFormed() ? Buffer.from(text, 'utf8') : Buffer.from(`\uFEFF${text}`, 'utf16le')
}

/** The text of such bytes. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isWide = buffer.length >= 2 && buffer.readUInt16LE(0) === 0xfeff
  return isWide ? buffer.toString('utf16le', 2) : buffer.toString('utf8')
}
