import { serialize } from 'node:v8'
import type { Chunk } from '../shared/pipeline/chunk.ts'
import type { OpenTrace } from '../shared/pipeline/open-trace.ts'
import type { RuleSet, RuleSource } from '../shared/pipeline/ports.ts'
import type { AssembleLimits } from '../shared/trace/assemble.ts'
import type { JudgeReply, JudgeTask, JudgeWorkerData, Question } from './judge-worker.ts'
import { inSlices } from './rules/in-slices.ts'
import { programBeside, TaskThread } from './task-thread.ts'

/** Traces of at most this many bytes are judged in the main thread: the worst of them takes 40 ms there. */
const SMALL_BYTES = 256 * 1024
/** A thread that had a larger trace is ended, since it would keep several times as much. */
const KEPT_BYTES = 1024 * 1024
/** A trace of 100,000 spans takes half of it. */
const HEAP_MB = 512

/** Rules serialized at a time: 10 ms. */
const GROUP_RULES = 100

const PROGRAM = programBeside(import.meta.url, 'judge-worker')

/**
 * A thread that judges large traces, one after another: nobody else waits for it, and the memory it takes is that of one
 * trace. A trace that it dies of fails, as one that cannot be read.
 */
export class JudgeThread {
  private readonly rules: RuleSource
  private readonly limits: AssembleLimits
  private readonly thread: TaskThread<JudgeTask, JudgeReply, JudgeWorkerData>
  private known: { readonly set: RuleSet; readonly data: Promise<JudgeWorkerData> } | undefined

  constructor(rules: RuleSource, { maxTraceSpans, maxTraceBytes }: AssembleLimits, program = PROGRAM) {
    this.rules = rules
    this.limits = { maxTraceSpans, maxTraceBytes }
    this.thread = new TaskThread({ file: program, name: 'the thread that judges', heapMb: HEAP_MB })
  }

  /** The trace, if it is too large for the main thread. */
  openLarge(traceId: string, chunks: readonly Chunk[]): Promise<OpenTrace> | undefined {
    return bytesOf(chunks) > SMALL_BYTES ? this.open(traceId, chunks) : undefined
  }

  async open(traceId: string, chunks: readonly Chunk[]): Promise<OpenTrace> {
    const ask = <Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>) =>
      this.ask(traceId, chunks, question) as Promise<Extract<JudgeReply, { kind: Kind }>>
    const { summary } = await ask({ kind: 'summary' })
    return {
      summary,
      during: async (windows) => (await ask({ kind: 'during', windows })).windows,
      judge: async (circumstances) => (await ask({ kind: 'judge', circumstances })).judged,
    }
  }

  close(): Promise<void> {
    return this.thread.close()
  }

  private async ask(traceId: string, chunks: readonly Chunk[], question: Question): Promise<JudgeReply> {
    const data = await this.inForce()
    return this.thread.ask(() => {
      const bytes = new Uint8Array(bytesOf(chunks))
      let at = 0
      for (const chunk of chunks) {
        bytes.set(chunk.bytes, at)
        at += chunk.bytes.length
      }
      const sizes = chunks.map((chunk) => chunk.bytes.length)
      const task: JudgeTask = { traceId, bytes, sizes, question }
      return { task, data, moved: [bytes.buffer], isLast: bytes.length > KEPT_BYTES }
    })
  }

  /** What the thread is started with; serialized once for each set of rules. */
  private async inForce(): Promise<JudgeWorkerData> {
    const set = await this.rules.current()
    if (this.known?.set !== set) this.known = { set, data: serialized(set, this.limits) }
    return this.known.data
  }
}

/** In slices: 10,000 rules take most of a second. In memory that is shared, so that a thread is started without a copy. */
async function serialized({ rules }: RuleSet, limits: AssembleLimits): Promise<JudgeWorkerData> {
  return { rules: await inSlices(serializing(rules)), limits }
}

function* serializing(rules: RuleSet['rules']): Generator<void, readonly Uint8Array[]> {
  const groups: Uint8Array[] = []
  for (let at = 0; at < rules.length; at += GROUP_RULES) {
    const bytes = serialize(rules.slice(at, at + GROUP_RULES))
    const group = new Uint8Array(new SharedArrayBuffer(bytes.length))
    group.set(bytes)
    groups.push(group)
    yield
  }
  return groups
}

function bytesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
