import { splitByTrace } from '../shared/otlp/split.ts'
import { assembleTrace } from '../shared/trace/assemble.ts'
import { encode, fullDecode } from '../test/otlp/otlp-proto.ts'
import type { Suite } from './suite.ts'
import { shopBatch, shopTrace } from './traffic.ts'

const BATCH_SPANS = 512
const SERVICES = 8
const SPANS_OF_A_SERVICE = 3

/** The splitter and the assembler against a full protobufjs decode of the same bytes, and a plain copy of them. */
export const suite: Suite = {
  name: 'split',
  ownProcesses: true,
  cases: () => [...batchCases(), ...traceCases()],
}

/** A batch of one service as it comes in. */
function batchCases() {
  const batch = encode('TracesData', shopBatch(BATCH_SPANS))
  const perSpan = { units: BATCH_SPANS, unit: 'span' }
  return [
    { name: 'decode a batch whole (protobufjs)', run: () => fullDecode(batch), ...perSpan },
    {
      name: 'split and frame a batch',
      run: () => splitByTrace(batch),
      ...perSpan,
      against: { baseline: 'decode a batch whole (protobufjs)', ratio: 'times faster', atLeast: 7 },
    },
    { name: 'copy a batch', run: () => Buffer.from(batch), ...perSpan },
    {
      name: 'split and frame it again',
      run: () => splitByTrace(batch),
      ...perSpan,
      against: { baseline: 'copy a batch', ratio: 'times slower', atMost: 5 },
    },
  ] as const
}

/** One trace as it is read for judging, a chunk a service. */
function traceCases() {
  const chunks = shopTrace(SERVICES, SPANS_OF_A_SERVICE).map((request) => encode('TracesData', request))
  const traceId = splitByTrace(chunks[0] ?? new Uint8Array(0)).chunks[0]?.traceId ?? ''
  const perSpan = { units: SERVICES * SPANS_OF_A_SERVICE, unit: 'span' }
  return [
    { name: 'decode a trace whole (protobufjs)', run: () => chunks.map(fullDecode), ...perSpan },
    {
      name: 'assemble a trace',
      run: () => assembleTrace(traceId, chunks),
      ...perSpan,
      against: { baseline: 'decode a trace whole (protobufjs)', ratio: 'times faster', atLeast: 4 },
    },
  ] as const
}
