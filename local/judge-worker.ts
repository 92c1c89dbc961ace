import { deserialize } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { type ExperimentWindow, ranDuring } from '../shared/pipeline/experiment.ts'
import { type Circumstances, type JudgedTrace, judgeTrace } from '../shared/pipeline/open-trace.ts'
import { compileRules } from '../shared/rules/compile/compile.ts'
import type { CompiledRules } from '../shared/rules/compile/rule-set.ts'
import { judge } from '../shared/rules/judge/judge.ts'
import { type AssembleLimits, assembleTrace } from '../shared/trace/assemble.ts'
import type { Trace } from '../shared/trace/span.ts'
import { summaryOf, type TraceSummary } from '../shared/trace/summary.ts'

/** What the thread gets when it starts. */
export interface JudgeWorkerData {
  /** The checked rules in force, serialized in groups. */
  readonly rules: readonly Uint8Array[]
  readonly limits: AssembleLimits
}

/** What the thread is asked of a trace. */
export interface JudgeTask {
  readonly traceId: string
  /** The chunks, one after the other, and how many bytes each has. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly sizes: readonly number[]
  readonly question: Question
}

export type Question =
  | { readonly kind: 'summary' }
  | { readonly kind: 'during'; readonly windows: readonly ExperimentWindow[] }
  | { readonly kind: 'judge'; readonly circumstances: Circumstances }

export type JudgeReply =
  | { readonly kind: 'summary'; readonly summary: TraceSummary }
  | { readonly kind: 'during'; readonly windows: readonly ExperimentWindow[] }
  | { readonly kind: 'judge'; readonly judged: JudgedTrace }

const { rules, limits }: JudgeWorkerData = workerData
let compiled: CompiledRules | undefined

parentPort?.on('message', ({ traceId, bytes, sizes, question }: JudgeTask) => {
  let at = 0
  const chunks = sizes.map((size) => {
    at += size
    return bytes.subarray(at - size, at)
  })
  parentPort?.postMessage(answerTo(question, assembleTrace(traceId, chunks, limits)))
})

function answerTo(question: Question, trace: Trace): JudgeReply {
  switch (question.kind) {
    case 'summary':
      return { kind: 'summary', summary: summaryOf(trace) }
    case 'during':
      return { kind: 'during', windows: question.windows.filter((window) => ranDuring(trace, window)) }
    case 'judge':
      return { kind: 'judge', judged: judged(trace, question.circumstances) }
  }
}

function judged(trace: Trace, circumstances: Circumstances): JudgedTrace {
  compiled ??= compileRules(rules.flatMap((group) => deserialize(group)))
  const set = compiled
  return judgeTrace({ judge: (each) => judge(set, each) }, trace, circumstances, () => performance.now())
}
