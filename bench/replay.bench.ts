import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { type ShopTrace, shopTraffic } from '../cli/demo/replay/traffic.ts'
import { objectKey } from '../shared/archive/object-key.ts'
import type { ObjectStore } from '../shared/archive/object-store.ts'
import { writeObject } from '../shared/archive/write-object.ts'
import { planReplay, type ReplayPlan } from '../shared/replay/plan.ts'
import { newWorker, workOn } from '../shared/replay/work.ts'
import { checkRules } from '../shared/rules/check/check.ts'
import { compileRules } from '../shared/rules/compile/compile.ts'
import { memoryStore } from '../test/archive/memory-store.ts'
import { decodeTraces } from '../test/otlp/otlp-proto.ts'
import { archived, framesOf } from './data/archived.ts'
import type { Case, Size, Suite } from './suite.ts'

const SPANS = 2_000_000
const HOURS = 8
const FROM_MS = Date.UTC(2025, 9, 15, 8)
const HOUR_MS = 3_600_000
const RANGE = { fromMs: FROM_MS, toMs: FROM_MS + HOURS * HOUR_MS }
const MEBIBYTE = 1024 * 1024
/** Enough to see that it runs. */
const QUICK_SPANS = 20_000

/** From objects in memory to a report, in one thread, against only unpacking the same traces from other formats. */
export const suite: Suite = { name: 'replay', cases: makeCases }

async function makeCases(size: Size): Promise<readonly Case[]> {
  const corpus = await generate(size === 'full' ? SPANS : QUICK_SPANS)
  const baseline = 'OTLP frames, zstd-decompressed and not looked at'
  const frames: Case = {
    name: baseline,
    run: () => corpus.frames.map((frame) => zstdDecompressSync(frame, { chunkSize: MEBIBYTE }).length),
    units: corpus.spans,
    unit: 'span',
  }
  // What a scan costs beside its spans shows on little data, so that the bounds say something on much alone.
  const faster = (atLeast: number) =>
    ({ baseline, ratio: 'times faster', ...(size === 'full' && { atLeast }) }) as const
  return [
    frames,
    { ...ndjson(corpus), against: { baseline, ratio: 'times slower' } },
    replaying(corpus, 'names alone', 'trace.has(payment.charge) and not trace.has(cart.validate)', faster(3)),
    replaying(corpus, 'where-filters', 'trace.has(api.request).where(retries > 2 and user.id != nobody)', faster(0.5)),
    replaying(
      corpus,
      'filters on every span',
      'trace.count(any.where(session.id matches "^00" or span.duration > 1s)) > 3',
      { baseline, ratio: 'times slower' },
    ),
    replaying(corpus, 'names that no object has', 'trace.has(no.such.span).where(a > 1)', faster(100)),
  ]
}

interface Corpus {
  readonly store: ObjectStore
  readonly plan: ReplayPlan
  readonly spans: number
  readonly frames: readonly Buffer[]
  readonly lines: { readonly gzipped: Buffer; readonly spans: number }
}

/** Two million spans of shop traffic: an object an hour, OTLP in frames of about 1 MiB, and a tenth of it as JSON lines. */
async function generate(most: number): Promise<Corpus> {
  const store = memoryStore()
  const frames: Buffer[] = []
  let lines: Corpus['lines'] = { gzipped: Buffer.alloc(0), spans: 0 }
  let spans = 0
  for (const traces of hoursOf(most)) {
    const { bytes, summary } = writeObject(traces.map(archived))
    await store.put(objectKey(traces[0]?.startMs ?? FROM_MS, bytes, 'written'), bytes)
    spans += summary.spans
    frames.push(...framesOf(traces))
    if (lines.spans > 0) continue
    lines = linesOf(traces.slice(0, traces.length / HOURS))
  }
  return {
    store: uncopied(store),
    plan: await planReplay(store, RANGE, { mostItemBytes: 1e12 }),
    spans,
    frames,
    lines,
  }
}

/** Reads without a copy, as from a file that the system has in memory. */
function uncopied(store: ReturnType<typeof memoryStore>): ObjectStore {
  const open: ObjectStore['open'] = ({ key, byteLength }) => {
    const bytes = Buffer.from((store.objects.get(key) as Uint8Array).buffer)
    return { byteLength, read: async (start, end) => bytes.subarray(start, end) }
  }
  return { ...store, open }
}

function* hoursOf(spans: number): Generator<readonly ShopTrace[]> {
  let hour: ShopTrace[] = []
  let count = 0
  for (const trace of shopTraffic(
    { fromMs: FROM_MS, hours: HOURS, tracesAnHour: 42_000, violations: 500, seed: 2 },
    () => {},
  )) {
    const [first] = hour
    if (first !== undefined && Math.floor(first.startMs / HOUR_MS) !== Math.floor(trace.startMs / HOUR_MS)) {
      yield hour
      hour = []
    }
    hour.push(trace)
    count += trace.spanCount
    if (count >= spans) break
  }
  yield hour
}

function linesOf(traces: readonly ShopTrace[]): Corpus['lines'] {
  const text = traces.map(({ chunk }) => `${JSON.stringify(decodeTraces(chunk))}\n`).join('')
  return { gzipped: gzipSync(text), spans: traces.reduce((sum, { spanCount }) => sum + spanCount, 0) }
}

function ndjson({ lines: { gzipped, spans } }: Corpus): Case {
  const run = () => {
    const text = gunzipSync(gzipped).toString()
    return text.split('\n').map((line) => line !== '' && JSON.parse(line))
  }
  return { name: 'OTLP/JSON lines, gunzipped and parsed', run, units: spans, unit: 'span' }
}

function replaying(
  { store, plan, spans }: Corpus,
  name: string,
  body: string,
  against: NonNullable<Case['against']>,
): Case {
  const { rules, problems } = checkRules([{ file: name, text: `// Signal: RULE (high)\n${body}\n` }])
  if (rules.length !== 1) throw new Error(problems.map(({ message }) => message).join('; '))
  const worker = newWorker(store, compileRules(rules), RANGE, 10)
  const run = async () => {
    let traces = 0
    for (const item of plan.items) traces += (await workOn(worker, item)).traces
    return traces
  }
  return { name: `replay: ${name}`, run, units: spans, unit: 'span', against }
}
