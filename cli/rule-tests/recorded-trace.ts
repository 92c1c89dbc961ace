import { dirname, join } from 'node:path'
import { streamInput } from '../../local/files/input-file.ts'
import { counted } from '../../shared/text/numbers.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { collectTraces, tracesNamed } from '../traces.ts'
import type { ReportTestProblem } from './problem.ts'
import { referencedFile } from './references.ts'
import type { Placed, TestTrace } from './test-file.ts'

type RecordedTrace = Extract<TestTrace, { kind: 'file' }>

/** The trace of an OTLP file named in a test; the path is relative to the test file. What is wrong is reported there. */
export async function recordedTrace(
  { file, traceId }: RecordedTrace,
  testFile: string,
  roots: readonly string[],
  report: ReportTestProblem,
): Promise<Trace | undefined> {
  const path = join(dirname(testFile), file.text)
  const problems: string[] = []
  const { traces, rejected } = await collectTraces({
    files: [path],
    open: async () => streamInput(await referencedFile(roots, path)),
    onProblem: (problem) => problems.push(problem),
    onProgress: () => {},
  })
  const refuse = (message: string, hint: string, { range }: Placed): undefined => {
    report({ code: 'unreadable-trace', message, hint, range })
  }
  for (const problem of problems) refuse(problem, 'name a readable OTLP file', file)
  for (const [reason, count] of rejected)
    refuse(`${counted(count, 'span')} of ${path}: ${reason}`, 'correct the ids', file)
  if (problems.length > 0 || rejected.size > 0) return undefined
  const found = traceId === undefined ? traces : tracesNamed(traceId.text, traces)
  const [only] = found
  if (only !== undefined && found.length === 1) return assembleTrace(only.traceId, only.chunks)
  const held = `${path} holds ${counted(traces.length, 'trace')}`
  const ids = (found.length > 0 ? found : traces).slice(0, 3).map((trace) => trace.traceId)
  if (traceId !== undefined) {
    const many = found.length === 0 ? 'no id begins' : `the ids of ${found.length} begin`
    return refuse(`${held}, and ${many} with ${traceId.text}`, `such as ${ids.join(', ')}`, traceId)
  }
  return refuse(held, `name one by traceId: ${ids[0] ?? ''}`.trim(), file)
}
