import { hostileJson } from './json-bodies.ts'
import { hostileProtobuf } from './protobuf-bodies.ts'

/** A body made to cost as much as it can for its size. */
export interface HostileBody {
  readonly name: string
  readonly format: 'json' | 'protobuf'
  /** Makes at most `bytes` bytes, with as many repetitions as a request may have unless its name says more. */
  make(bytes: number): Buffer
}

/** The worst known body of every kind. */
export const HOSTILE_BODIES: readonly HostileBody[] = [
  ...hostileJson().map(([name, make]): HostileBody => ({ name: `JSON: ${name}`, format: 'json', make })),
  ...hostileProtobuf().map(([name, make]): HostileBody => ({ name: `protobuf: ${name}`, format: 'protobuf', make })),
]
