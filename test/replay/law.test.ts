import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compactHour, GRACE_MS } from '../../shared/archive/compact.ts'
import { forgetHour } from '../../shared/archive/forget.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { idleOutcome, judge } from '../../shared/rules/judge/judge.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { Died, type MemoryStore, memoryStore, mortalStore } from '../archive/memory-store.ts'
import { relatedBody } from '../reference/bound-rules.ts'
import { respeltBody, respeltSpans } from '../reference/respelt.ts'
import { anyBody, rulesOf } from '../reference/rules.ts'
import { anySpans, type SpanSketch } from '../reference/traces.ts'
import { archive, chunkOf, HOUR_MS, recordOf, replay, START_MS } from './archived.ts'

/** A trace whose verdict was given on the first `sizes[i]` of its spans, then on more. */
interface Judged {
  readonly spans: readonly SpanSketch[]
  readonly sizes: readonly number[]
  readonly hour: number
  /** Spans that came after the last verdict: archived as late parts, each alone. */
  readonly late: readonly SpanSketch[]
  /** Into which objects each revision goes. */
  readonly objects: readonly (readonly number[])[]
}

const OBJECTS = 4
/** Some start hours before or after their trace: they are filed with it all the same. */
const anyLateSpans = anySpans.map((spans) =>
  spans.slice(0, 2).map((span, index) => {
    return { ...span, id: 200 + index, startNanos: BigInt(index * 3 - 1) * BigInt(HOUR_MS) * 1_000_000n }
  }),
)
const traceWithRevisions: fc.Arbitrary<Judged> = fc
  .record({
    spans: fc.oneof(anySpans, respeltSpans(anySpans)).filter((spans) => spans.length > 0),
    cuts: fc.uniqueArray(fc.nat(7), { maxLength: 2 }),
    hour: fc.nat(2),
    late: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: anyLateSpans }),
    objects: fc.array(fc.uniqueArray(fc.nat(OBJECTS - 1), { minLength: 1, maxLength: 2 }), {
      minLength: 3,
      maxLength: 3,
    }),
  })
  .map(({ spans, cuts, hour, late, objects }) => {
    const sizes = [...new Set([...cuts.map((cut) => (cut % spans.length) + 1), spans.length])].sort((a, b) => a - b)
    return { spans, sizes, hour, late, objects }
  })

const traceIdOf = (index: number) => `${'0'.repeat(30)}${(index + 16).toString(16)}`

/** Verdicts as given live, had nothing come late, on the last revision. */
function liveOutcomes(rules: readonly CheckedRule[], traces: readonly Judged[]) {
  const set = compileRules(rules)
  return traces.map(({ spans, late }, index) => {
    const traceId = traceIdOf(index)
    const outcomes = new Map(rules.map((rule) => [rule.name, idleOutcome(rule)]))
    const trace = assembleTrace(traceId, [chunkOf(traceId, spans), chunkOf(traceId, late)])
    for (const { rule, outcome } of judge(set, trace)) outcomes.set(rule.name, outcome)
    return { traceId, outcomes }
  })
}

const OUTCOMES = ['satisfied', 'violated', 'vacuous'] as const

function isCopied({ sizes, objects }: Judged): boolean {
  return sizes.some((_, revision) => (objects[revision]?.length ?? 0) > 1)
}

async function archiveAll(traces: readonly Judged[]) {
  const store = memoryStore()
  const objects = Array.from({ length: OBJECTS }, (): Parameters<typeof recordOf>[0][] => [])
  traces.forEach(({ spans, sizes, hour, late, objects: places }, index) => {
    sizes.forEach((size, revision) => {
      const sketch = {
        traceId: traceIdOf(index),
        spans: spans.slice(0, size),
        atMs: START_MS + hour * HOUR_MS + index,
        revision: revision + 1,
      }
      for (const place of places[revision] ?? []) objects[place]?.push(sketch)
    })
    late.forEach((span, part) => {
      const atMs = START_MS + hour * HOUR_MS + index
      const sketch = { traceId: traceIdOf(index), spans: [span], atMs, revision: sizes.length, reason: 'late' as const }
      objects[(index + part) % OBJECTS]?.push(sketch)
    })
  })
  for (const object of objects) await archive(store, object.map(recordOf))
  return store
}

/** One run of the compactor over some hours; it may die at a write, and an hour may pass before the next. */
interface Compaction {
  readonly hours: readonly number[]
  readonly targetBytes: number
  readonly mostSpans: number
  readonly dieAfter: number
  readonly nowMs: number
}

const compactions: fc.Arbitrary<readonly Compaction[]> = fc.array(
  fc.record({
    hours: fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
    targetBytes: fc.constantFrom(3_000, 10_000, 1_000_000),
    mostSpans: fc.constantFrom(3, 1000),
    dieAfter: fc.constantFrom(0, 1, 2, 3, 100, 100, 100),
    nowMs: fc.constantFrom(0, GRACE_MS, 2 * GRACE_MS, 4 * GRACE_MS),
  }),
  { maxLength: 3 },
)

let runs = 0

/** Forgets a trace in every hour, as often as it is found there. */
async function forget(store: MemoryStore, traceId: string): Promise<void> {
  for (const hour of [0, 1, 2]) {
    for (let found = true; found; ) {
      const run = { token: `forget ${runs++}`, dryRun: false }
      const { spans } = await forgetHour(store, START_MS + hour * HOUR_MS, { kind: 'trace', traceId }, run)
      found = spans > 0
    }
  }
}

async function compact(store: MemoryStore, { hours, dieAfter, nowMs, ...limits }: Compaction): Promise<void> {
  const mortal = mortalStore(store, dieAfter)
  const run = { nowMs, token: `run ${runs++}` }
  try {
    for (const hour of hours) {
      await compactHour(mortal, START_MS + hour * HOUR_MS, run, { ...limits, leastNewShare: 0 })
    }
  } catch (error) {
    if (!(error instanceof Died)) throw error
  }
}

test('replaying the archive gives the verdicts given live, however traces are spread over objects, compacted, and others forgotten', {
  timeout: 60_000,
}, async () => {
  const checkedBody = fc
    .oneof(anyBody, relatedBody, respeltBody(fc.oneof(anyBody, relatedBody)))
    .filter((text) => checkRules([{ file: '', text: `// Signal: R (info)\n${text}` }]).rules.length > 0)
  const bodies = fc.array(checkedBody, { minLength: 4, maxLength: 4 })
  const traces = fc.array(traceWithRevisions, { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(
      bodies,
      traces,
      fc.integer({ min: 1, max: 3 }),
      compactions,
      fc.constantFrom(2, 7, 1_000_000),
      fc.uniqueArray(fc.record({ trace: fc.nat(7), after: fc.nat(3) }), { maxLength: 2 }),
      async (texts, sketches, parts, runs, mostGatheredSpans, forgets) => {
        const rules = rulesOf(...texts)
        const forgotten = new Set(forgets.map(({ trace }) => traceIdOf(trace)))
        const live = liveOutcomes(rules, sketches).filter(({ traceId }) => !forgotten.has(traceId))
        const store = await archiveAll(sketches)
        for (const turn of [0, 1, 2, 3]) {
          for (const { trace, after } of forgets) if (after === turn) await forget(store, traceIdOf(trace))
          const run = runs[turn]
          if (run !== undefined) await compact(store, run)
        }
        const bytes = [...store.objects.values()].reduce((sum, object) => sum + object.length, 0)
        const limits = { mostItemBytes: Math.ceil(bytes / parts) }
        const report = await replay(store, rules, undefined, { limits, mostGatheredSpans })
        expect(report.failures).toEqual([])
        // A trace that a crash had archived twice is counted by the footer of each object that no rule has to read.
        const isExact = report.objects.skipped === 0 || !sketches.some(isCopied)
        for (const { rule, samples, ...found } of report.rules) {
          const outcomes = live.map((trace) => trace.outcomes.get(rule))
          const idle = idleOutcome(rules.find(({ name }) => name === rule) as CheckedRule)
          for (const outcome of OUTCOMES) {
            const count = outcomes.filter((each) => each === outcome).length
            if (isExact || outcome !== idle) expect([outcome, found[outcome]]).toEqual([outcome, count])
            else expect(found[outcome]).toBeGreaterThanOrEqual(count)
          }
          const violating = live
            .filter((trace) => trace.outcomes.get(rule) === 'violated')
            .map(({ traceId }) => traceId)
          expect(samples.map(({ traceId }) => traceId).sort()).toEqual(violating)
        }
      },
    ),
    { numRuns: 24, seed: 8 },
  )
})
