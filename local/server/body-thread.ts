import { Worker } from 'node:worker_threads'
import { InputError } from '../../shared/errors.ts'
import type { BodyType } from '../../shared/otlp/http.ts'
import type { RequestLimits } from '../../shared/otlp/limits.ts'
import { readBody } from '../../shared/otlp/read-body.ts'
import type { SplitBody } from '../../shared/otlp/split.ts'
import { programBeside } from '../task-thread.ts'
import type { BodyMessage, BodyReply, BodyTask } from './body-worker.ts'
import { splitOf } from './split-columns.ts'

/**
 * Bodies within these limits are read in the main thread: the worst of them takes 10 ms there. What SDKs send is
 * within, what a Collector sends is often beyond.
 */
const SMALL: RequestLimits = {
  maxBodyBytes: 1024 * 1024,
  maxRequestValues: 50_000,
  maxRequestSpans: 10_000,
  maxRequestEvents: 50_000,
  maxRequestTraces: 2_000,
  maxSplitBytes: 2 * 1024 * 1024,
}
/** JSON takes several times as long as protobuf. */
const SMALL_JSON_BYTES = 256 * 1024

/** A thread that read more is ended, since it would keep several times as much until it has other bodies to read. */
const KEPT_BYTES = 4 * 1024 * 1024

/** Memory that the thread may have for objects. The bytes it reads are beside that, within the limits of a request. */
const HEAP_MB = 256

/** Reads a body that is small; undefined for one that is not, within its limits or beyond. */
export function readSmallBody(body: Uint8Array, type: BodyType, limits: RequestLimits): SplitBody | undefined {
  const most = type.format === 'json' ? SMALL_JSON_BYTES : SMALL.maxBodyBytes
  const small = lower(limits, { ...SMALL, maxBodyBytes: most })
  try {
    return readBody(body, type, small)
  } catch (error) {
    if (error instanceof InputError && BEYOND.has(error.code)) return undefined
    throw error
  }
}

const BEYOND: ReadonlySet<string> = new Set([
  'body-too-large',
  'too-many-values',
  'too-many-spans',
  'too-many-events',
  'too-many-traces',
])

function lower(a: RequestLimits, b: RequestLimits): RequestLimits {
  return {
    maxBodyBytes: Math.min(a.maxBodyBytes, b.maxBodyBytes),
    maxRequestValues: Math.min(a.maxRequestValues, b.maxRequestValues),
    maxRequestSpans: Math.min(a.maxRequestSpans, b.maxRequestSpans),
    maxRequestEvents: Math.min(a.maxRequestEvents, b.maxRequestEvents),
    maxRequestTraces: Math.min(a.maxRequestTraces, b.maxRequestTraces),
    maxSplitBytes: Math.min(a.maxSplitBytes, b.maxSplitBytes),
  }
}

/**
 * A thread that reads large bodies, one after another: nobody else waits for it, and the memory it takes is that of one
 * body. It starts when it is first needed, and again after it died.
 */
export class BodyThread {
  private readonly program: URL
  private worker: Worker | undefined
  private last: Promise<unknown> = Promise.resolve()
  /** Resolves once the thread is past zlib with the body it has. */
  private pastZlib: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(program: URL = programBeside(import.meta.url, 'body-worker')) {
    this.program = program
  }

  /**
   * Reads a body, whose memory goes to the thread. Rejects with an InputError as `readBody` throws it, and with another
   * error if the thread dies of this body or is closed meanwhile.
   */
  read(body: Uint8Array, type: BodyType, limits: RequestLimits): Promise<SplitBody> {
    const split = this.last.then(() => this.ask({ body, type, limits }))
    this.last = split.catch(() => {})
    return split
  }

  private async ask(task: BodyTask): Promise<SplitBody> {
    if (this.closed) throw new Error('the thread that reads bodies is closed')
    const { promise, resolve, reject } = Promise.withResolvers<BodyReply>()
    const decompressed = Promise.withResolvers<void>()
    this.pastZlib = Promise.race([decompressed.promise, promise.catch(() => {})])
    const worker = this.worker ?? this.start()
    let bytes = 0
    const take = (message: BodyMessage) => {
      if (!('decompressedBytes' in message)) return resolve(message)
      bytes = message.decompressedBytes
      decompressed.resolve()
    }
    const died = (cause: unknown) => {
      if (this.worker === worker) this.worker = undefined
      reject(cause instanceof Error ? cause : new Error(`the thread that reads bodies ended with ${cause}`))
    }
    worker.on('message', take).once('error', died).once('exit', died)
    try {
      worker.postMessage(task, movable(task.body))
      return splitIn(await promise)
    } finally {
      // One by one: without its own listeners, which removeAllListeners takes along, a worker delivers nothing more.
      worker.off('message', take).off('error', died).off('exit', died)
      if (bytes > KEPT_BYTES) await worker.terminate()
    }
  }

  private start(): Worker {
    const worker = new Worker(this.program, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    worker.on('error', () => {})
    worker.once('exit', () => {
      if (this.worker === worker) this.worker = undefined
    })
    this.worker = worker
    return worker
  }

  /** Ends the thread; what it has not read yet rejects. Node aborts the process if a thread is terminated inside zlib. */
  async close(): Promise<void> {
    this.closed = true
    await this.pastZlib
    await this.worker?.terminate()
    await this.last
  }
}

/** A small body shares its memory with others. */
function movable({ buffer, length }: Uint8Array): ArrayBuffer[] {
  return buffer.byteLength === length ? [buffer as ArrayBuffer] : []
}

function splitIn(reply: BodyReply): SplitBody {
  if ('split' in reply) return splitOf(reply.split)
  const { code, message, hint } = reply.refused
  throw new InputError({ code, message, ...(hint !== undefined && { hint }) })
}
