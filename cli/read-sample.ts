import { type SampledSpans, sampleOf } from '../shared/rules/lint/sample.ts'
import { assembleTrace } from '../shared/trace/assemble.ts'
import type { Trace } from '../shared/trace/span.ts'
import { CommandError } from './command-error.ts'
import { readTraces } from './read-traces.ts'
import type { Terminal } from './terminal.ts'
import type { CollectedTraces } from './traces.ts'

/** The names in recorded traces; a file that cannot be read whole would make good names look unknown. */
export async function readSample(files: readonly string[], terminal: Terminal): Promise<SampledSpans> {
  const { traces, problemCount, spanCount } = await readTraces(files, terminal)
  if (problemCount > 0)
    throw new CommandError('the sample could not be read whole', 'correct the file, or leave it out')
  if (spanCount === 0) throw new CommandError('the sample holds no spans', 'name a file of recorded traces')
  return sampleOf(assembled(traces))
}

function* assembled(traces: CollectedTraces['traces']): Generator<Trace> {
  for (const { traceId, chunks } of traces) yield assembleTrace(traceId, chunks)
}
