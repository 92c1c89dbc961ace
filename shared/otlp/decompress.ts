import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { InputError } from '../errors.ts'
import { bodyTooLarge, type OtlpErrorCode } from './errors.ts'
import type { ContentEncoding } from './http.ts'

/** RFC 9659: a zstd sender must not ask the receiver for a window over 8 MB. */
const ZSTD_LIMITS = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }

/** Parallel compressors write a frame a megabyte or so; each costs a decoder, so thousands of tiny ones are an attack. */
const MAX_ZSTD_FRAMES = 256

/**
 * Undoes Content-Encoding; several gzip members or zstd frames count as one. Stops at `maxBytes` of output, so that a
 * bomb costs no more than that. Throws InputError (`body-too-large`, `malformed-compression`).
 */
export function decompress(body: Uint8Array, encoding: ContentEncoding, maxBytes: number): Uint8Array {
  if (body.length === 0 || encoding === 'identity') return body
  try {
    if (encoding === 'gzip') return gunzipSync(body, { maxOutputLength: maxBytes })
    return encoding === 'deflate' ? inflateWhole(body, maxBytes) : decompressZstd(body, maxBytes)
  } catch (error) {
    if (error instanceof InputError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw bodyTooLarge('the body decompresses to', maxBytes, 'send smaller batches')
    throw malformedCompression(encoding, message)
  }
}

function inflateWhole(body: Uint8Array, maxBytes: number): Uint8Array {
  const { buffer, engine } = withInfo(inflateSync, body, { maxOutputLength: maxBytes })
  if (engine.bytesWritten < body.length) throw malformedCompression('deflate', 'bytes after the end')
  return buffer
}

/** Node decompresses the first frame and drops the rest without a word, so every frame is asked for. */
function decompressZstd(body: Uint8Array, maxBytes: number): Uint8Array {
  const frames: Uint8Array[] = []
  let left = maxBytes
  for (let at = 0; at < body.length; ) {
    if (frames.length === MAX_ZSTD_FRAMES) throw malformedCompression('zstd', `more than ${MAX_ZSTD_FRAMES} frames`)
    const options = { ...ZSTD_LIMITS, maxOutputLength: Math.max(left, 1) }
    const { buffer, engine } = withInfo(zstdDecompressSync, body.subarray(at), options)
    if (buffer.length > left) throw bodyTooLarge('the body decompresses to', maxBytes, 'send smaller batches')
    frames.push(buffer)
    left -= buffer.length
    at += engine.bytesWritten
  }
  return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames)
}

/** With `info`, the functions of node:zlib also tell how much of their input they took; the types do not know. */
interface Decompressed {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

function withInfo<Options extends object>(
  run: (input: Uint8Array, options: Options) => unknown,
  input: Uint8Array,
  options: Options,
): Decompressed {
  return run(input, { ...options, info: true }) as Decompressed
}

function malformedCompression(encoding: ContentEncoding, reason: string): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'malformed-compression',
    message: `the body is not valid ${encoding}: ${reason}`,
    hint: encoding === 'deflate' ? 'deflate means the zlib format, RFC 1950' : 'send the whole compressed body',
  })
}
