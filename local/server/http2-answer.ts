import type { Socket } from 'node:net'

/** Frame types and flags of RFC 9113, sections 4 and 6. */
const DATA = 0
const HEADERS = 1
const SETTINGS = 4
const GOAWAY = 7
const ACK = 1
const END_STREAM = 1
const END_HEADERS = 4
const FRAME_HEADER_BYTES = 9
/** The largest frame that a client may send to a server that did not ask for larger ones. */
const MAX_FRAME_BYTES = 16 * 1024
/** Settings and headers of a client's first request take a few hundred bytes. */
const MAX_BYTES = 64 * 1024

/** `application/grpc` as a header holds it, in Huffman coding (RFC 7541, appendix B) or plain; `+proto` may follow. */
const GRPC = [Buffer.from('1d75d0620d263d4c4d6564', 'hex'), Buffer.from('application/grpc')]

/** Status 200 by its place in the static table of RFC 7541; a gRPC answer has no other. */
const STATUS_200 = Uint8Array.of(0x88)
/** The code of gRPC for what a server does not do: no client sends the same again. */
const UNIMPLEMENTED = '12'

/**
 * Answers the first request of a client that speaks HTTP/2 with a text, in ASCII without `%`, and ends the connection.
 * gRPC gets the text as the message of status UNIMPLEMENTED, which every client shows; other clients get it with status
 * 505. No header is decoded, so that nothing a client sends is built in memory.
 *
 * `first` are the bytes after the preface. The caller sets a time limit.
 */
export function answerHttp2(socket: Socket, first: Uint8Array, text: string): void {
  socket.write(frame(SETTINGS, 0, 0, []))
  let unread: Buffer = Buffer.from(first)
  let bytes = unread.length
  const read = () => {
    for (let next = takeFrame(unread); next !== undefined; next = takeFrame(unread)) {
      unread = next.rest
      if (next.type === SETTINGS && (next.flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0, []))
      if (next.type === HEADERS) return end(answer(next.streamId, next.payload, text))
    }
    if (bytes > MAX_BYTES || isTooLong(unread)) socket.destroy()
  }
  const take = (part: Buffer) => {
    bytes += part.length
    unread = Buffer.concat([unread, part])
    read()
  }
  const end = (last: Uint8Array) => {
    socket.off('data', take)
    // Unread bytes would make the system reset the connection, and the client would not see the answer.
    socket.resume()
    socket.end(last)
  }
  socket.on('data', take)
  read()
}

function answer(streamId: number, headers: Buffer, text: string): Buffer {
  const isGrpc = GRPC.some((name) => headers.includes(name))
  const frames = isGrpc ? grpcAnswer(streamId, text) : plainAnswer(streamId, text)
  const goAway = Buffer.alloc(8)
  goAway.writeUInt32BE(streamId, 0)
  return Buffer.concat([...frames, frame(GOAWAY, 0, 0, [goAway, Buffer.from(text)])])
}

/** A "trailers-only" answer of https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
function grpcAnswer(streamId: number, text: string): readonly Buffer[] {
  const headers = [
    STATUS_200,
    field('content-type', 'application/grpc'),
    field('grpc-status', UNIMPLEMENTED),
    field('grpc-message', text),
  ]
  return [frame(HEADERS, END_STREAM | END_HEADERS, streamId, headers)]
}

function plainAnswer(streamId: number, text: string): readonly Buffer[] {
  const headers = [field(':status', '505'), field('content-type', 'text/plain; charset=utf-8')]
  return [frame(HEADERS, END_HEADERS, streamId, headers), frame(DATA, END_STREAM, streamId, [Buffer.from(`${text}\n`)])]
}

interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
  /** What comes after it. */
  readonly rest: Buffer
}

/** The first whole frame, if all of it has come. */
function takeFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || bytes.length < FRAME_HEADER_BYTES + lengthOf(bytes)) return undefined
  const end = FRAME_HEADER_BYTES + lengthOf(bytes)
  return {
    type: bytes.readUInt8(3),
    flags: bytes.readUInt8(4),
    streamId: bytes.readUInt32BE(5) & 0x7fffffff,
    payload: bytes.subarray(FRAME_HEADER_BYTES, end),
    rest: bytes.subarray(end),
  }
}

function isTooLong(bytes: Buffer): boolean {
  return bytes.length >= FRAME_HEADER_BYTES && lengthOf(bytes) > MAX_FRAME_BYTES
}

function lengthOf(bytes: Buffer): number {
  return bytes.readUIntBE(0, 3)
}

function frame(type: number, flags: number, streamId: number, payload: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  const length = payload.reduce((sum, part) => sum + part.length, 0)
  header.writeUIntBE(length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, ...payload])
}

/** A header written out, kept in no table (RFC 7541, section 6.2.2). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Uint8Array.of(0), literal(name), literal(value)])
}

/** A string without Huffman coding: its length as an integer with a prefix of 7 bits (RFC 7541, section 5.1), its bytes. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Uint8Array.of(bytes.length), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Uint8Array.from([...length, rest]), bytes])
}
