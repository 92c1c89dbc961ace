import { decodeSpans, type SpanRow } from '../../shared/archive/span-row.ts'
import { traceRecord } from '../../shared/archive/trace-record.ts'
import type { Chunk } from '../../shared/pipeline/chunk.ts'
import { planReplay } from '../../shared/replay/plan.ts'
import { newTally } from '../../shared/replay/tally.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { idleOutcome, judge } from '../../shared/rules/judge/judge.ts'
import { assembleTrace, storedSpans } from '../../shared/trace/assemble.ts'
import type { AttributeSource, AttributeValue, Span, Trace } from '../../shared/trace/span.ts'
import { memoryStore } from '../archive/memory-store.ts'
import type { MemoryBuffer } from '../pipeline/memory-stores.ts'
import { archive, ONE_DAY, START_MS } from '../replay/archived.ts'
import { shippedPacks } from '../shipped-packs.ts'
import { violate } from './target.ts'

const PACKS = ['payments', 'reliability', 'resilience', 'security', 'data-protection', 'instrumentation', 'performance']
/** Rules that read whatever random spans have. */
const OWN = `// Signal: FUZZ_ATTRIBUTES (low)
any.where(a == 1 or http.status_code != 200 or amount > 5 or exists(attr("$kvlist")) or span.duration < 0ns)
// Signal: FUZZ_BOUND (low)
any as p and any.where(a == p.a and span.name == p.span.name) under p
// Signal: FUZZ_EVENTS (low)
any.event(any).where(exists(a)) or trace.sum(any, amount) > 1 or trace.count(any).by(a) > 1
`
const { rules } = checkRules([
  ...shippedPacks().filter(({ file }) => PACKS.includes(file.replace('.rules', ''))),
  { file: 'own', text: OWN },
])
const set = compileRules(rules)

/** The trace that the chunks of one trace id make, read to its last value. */
export function assembled(buffer: MemoryBuffer, traceId: string): Trace {
  const trace = assembleTrace(traceId, chunksOf(buffer, traceId))
  for (const span of trace.spans) readWhole(span)
  return trace
}

/** The same spans as the archive keeps them. */
export function rowsOf(buffer: MemoryBuffer, traceId: string): readonly SpanRow[] {
  return decodeSpans(storedSpans(chunksOf(buffer, traceId)).stored)
}

function chunksOf(buffer: MemoryBuffer, traceId: string): readonly Uint8Array[] {
  return [...(buffer.chunks.get(traceId)?.values() ?? [])].map(({ bytes }: Chunk) => bytes)
}

function readWhole(span: Span): void {
  const sources: AttributeSource[] = [span.attributes, span.resource, ...span.events().map((event) => event.attributes)]
  for (const source of sources) {
    const firsts = new Map<string, AttributeValue>([...source.entries()].reverse())
    for (const key of firsts.keys()) if (source.get(key) === undefined) violate('an attribute is listed but not found')
  }
}

/** Judges the traces that were stored, archives them and judges them again from there: the verdicts must be the same. */
export async function checkJudged(buffer: MemoryBuffer): Promise<void> {
  const live = new Map<string, number>()
  const records = [...buffer.chunks.keys()].map((traceId) => {
    const trace = assembled(buffer, traceId)
    for (const { rule, outcome, evidence } of judge(set, trace)) {
      if (outcome === 'violated' && evidence === undefined) violate(`${rule.name} is violated without evidence`)
      if (outcome !== idleOutcome(rule)) count(live, `${rule.name} ${outcome}`)
    }
    const { complete, truncated } = trace
    const filing = { atMs: START_MS, by: 'arrival' } as const
    const chunks = chunksOf(buffer, traceId)
    return traceRecord({ traceId, chunks, filing, revision: 1, reason: 'verdict', complete, truncated })
  })
  if (records.length === 0) return
  const replayed = await outcomesOfReplay(records)
  const said = (outcomes: ReadonlyMap<string, number>) => JSON.stringify([...outcomes].sort())
  if (said(live) !== said(replayed)) violate(`live and replayed verdicts differ\n${said(live)}\n${said(replayed)}`)
}

async function outcomesOfReplay(records: Parameters<typeof archive>[1]): Promise<ReadonlyMap<string, number>> {
  const store = memoryStore()
  await archive(store, records)
  const { items } = await planReplay(store, ONE_DAY, { mostItemBytes: Number.MAX_SAFE_INTEGER })
  const outcomes = new Map<string, number>()
  const worker = newWorker(store, set, ONE_DAY, 3)
  for (const item of items) {
    const tally = (await workOn(worker, item)) ?? newTally(rules.length)
    const [failure] = tally.failures
    if (failure !== undefined) violate(`what was archived cannot be read: ${failure.reason}`)
    tally.rules.forEach(({ outcomes: of }, index) => {
      const rule = rules[index]
      for (const [outcome, number] of Object.entries(of)) {
        if (rule !== undefined && outcome !== idleOutcome(rule)) count(outcomes, `${rule.name} ${outcome}`, number)
      }
    })
  }
  return outcomes
}

function count(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}
