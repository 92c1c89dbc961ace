import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compactHour, GRACE_MS } from '../../shared/archive/compact.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check.ts'
import { compileRules } from '../../shared/rules/compile.ts'
import { idleOutcome, judge } from '../../shared/rules/judge.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { Died, type MemoryStore, memoryStore, mortalStore } from '../archive/memory-store.ts'
import { anyBody, rulesOf } from '../reference/rules.ts'
import { anySpans, type SpanSketch } from '../reference/traces.ts'
import { archive, chunkOf, HOUR_MS, recordOf, replay, START_MS } from './archived.ts'

/** A trace whose verdict was given on the first `sizes[i]` of its spans, then on more. */
interface Judged {
  readonly spans: readonly SpanSketch[]
  readonly sizes: readonly number[]
  readonly hour: number
  /** Into which objects each revision goes. */
  readonly objects: readonly (readonly number[])[]
}

const OBJECTS = 4
const traceWithRevisions: fc.Arbitrary<Judged> = fc
  .record({
    spans: anySpans.filter((spans) => spans.length > 0),
    cuts: fc.uniqueArray(fc.nat(7), { maxLength: 2 }),
    hour: fc.nat(2),
    objects: fc.array(fc.uniqueArray(fc.nat(OBJECTS - 1), { minLength: 1, maxLength: 2 }), {
      minLength: 3,
      maxLength: 3,
    }),
  })
  .map(({ spans, cuts, hour, objects }) => {
    const sizes = [...new Set([...cuts.map((cut) => (cut % spans.length) + 1), spans.length])].sort((a, b) => a - b)
    return { spans, sizes, hour, objects }
  })

const traceIdOf = (index: number) => `${'0'.repeat(30)}${(index + 16).toString(16)}`

/** Verdicts as given live, on the last revision. */
function liveOutcomes(rules: readonly CheckedRule[], traces: readonly Judged[]) {
  const set = compileRules(rules)
  return traces.map(({ spans }, index) => {
    const traceId = traceIdOf(index)
    const outcomes = new Map(rules.map((rule) => [rule.name, idleOutcome(rule)]))
    const trace = assembleTrace(traceId, [chunkOf(traceId, spans)])
    for (const { rule, outcome } of judge(set, trace)) outcomes.set(rule.name, outcome)
    return { traceId, outcomes }
  })
}

async function archiveAll(traces: readonly Judged[]) {
  const store = memoryStore()
  const objects = Array.from({ length: OBJECTS }, (): Parameters<typeof recordOf>[0][] => [])
  traces.forEach(({ spans, sizes, hour, objects: places }, index) => {
    sizes.forEach((size, revision) => {
      const sketch = {
        traceId: traceIdOf(index),
        spans: spans.slice(0, size),
        atMs: START_MS + hour * HOUR_MS + index,
        revision: revision + 1,
      }
      for (const place of places[revision] ?? []) objects[place]?.push(sketch)
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

test('replaying the archive gives the verdicts given live, however traces are spread over objects and compacted', async () => {
  const checkedBody = anyBody.filter(
    (text) => checkRules([{ file: '', text: `// Signal: R (info)\n${text}` }]).rules.length > 0,
  )
  const bodies = fc.array(checkedBody, { minLength: 4, maxLength: 4 })
  const traces = fc.array(traceWithRevisions, { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(
      bodies,
      traces,
      fc.integer({ min: 1, max: 3 }),
      compactions,
      async (texts, sketches, parts, runs) => {
        const rules = rulesOf(...texts)
        const live = liveOutcomes(rules, sketches)
        const store = await archiveAll(sketches)
        for (const run of runs) await compact(store, run)
        const bytes = [...store.objects.values()].reduce((sum, object) => sum + object.length, 0)
        const limits = { mostItemBytes: Math.ceil(bytes / parts) }
        const report = await replay(store, rules, undefined, { limits })
        expect(report.failures).toEqual([])
        for (const { rule, satisfied, violated, vacuous, samples } of report.rules) {
          const outcomes = live.map((trace) => trace.outcomes.get(rule))
          const countOf = (outcome: string) => outcomes.filter((each) => each === outcome).length
          expect({ satisfied, violated, vacuous }).toEqual({
            satisfied: countOf('satisfied'),
            violated: countOf('violated'),
            vacuous: countOf('vacuous'),
          })
          const violating = live
            .filter((trace) => trace.outcomes.get(rule) === 'violated')
            .map(({ traceId }) => traceId)
          expect(samples.map(({ traceId }) => traceId).sort()).toEqual(violating)
        }
      },
    ),
    { numRuns: 40, seed: 7 },
  )
})
