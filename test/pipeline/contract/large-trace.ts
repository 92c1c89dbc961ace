import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../../shared/archive/object-store.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { recordsOf } from '../../archive/archived-records.ts'
import { replay } from '../../replay/archived.ts'
import { type TestSpan, TRACE_ID } from '../traces.ts'

/** The rules and settings that a runtime of the contract has. */
export const RULES = `
// Signal: ROOTED (high)
trace.has(root)

// Signal: MANY (low)
trace.count(step) > 12
`
export const SETTINGS = { maxTraceSpans: 10 }

/** A runtime that judges, over real stores. */
export interface LargeTraceRuntime {
  readonly nowMs: number
  /** One request, some time before the next: the first chunks of a trace are those that are judged. */
  send(spans: readonly TestSpan[]): Promise<void>
  /** Waits until the trace was judged and lies in the archive. */
  settle(): Promise<void>
  readonly archive: ObjectStore
  /** What each signal says of its trace. */
  signals(): readonly { readonly signal: string; readonly complete: boolean }[]
  counted(): Promise<{ readonly tracesTruncated: number; readonly spansNotJudged: number }>
}

/** What becomes of a trace beyond `maxTraceSpans`, wherever it is judged. */
export function largeTraceContract(where: string, start: () => Promise<LargeTraceRuntime>): void {
  describe(`${where}, a trace`, () => {
    test('of as many spans as are judged is judged and archived whole', async () => {
      const runtime = await judged(await start(), [10])
      expect(await partsOf(runtime)).toEqual([{ reason: 'verdict', complete: true, truncated: false, spans: 10 }])
      expect(runtime.signals()).toEqual([{ signal: 'ROOTED', complete: true }])
      expect(await runtime.counted()).toEqual({ tracesTruncated: 0, spansNotJudged: 0 })
    })

    test.each([
      ['half as many again', [15]],
      ['half as many again, in several requests', [5, 5, 5]],
      ['four times as many', [40]],
      ['four times as many, in several requests', [5, 5, 5, 5, 5, 5, 5, 5]],
      ['twice as many and one, in two requests', [20, 1]],
    ])(
      'of %s is judged truncated and incomplete, archived whole, and what is not judged is counted',
      async (_, sizes) => {
        const runtime = await judged(await start(), sizes)
        const all = sizes.reduce((sum, size) => sum + size)
        const [late, verdict, ...more] = await partsOf(runtime)
        expect(verdict).toEqual({ reason: 'verdict', complete: false, truncated: true, spans: 10 })
        expect(late).toMatchObject({ reason: 'late', spans: all - 10 })
        expect(more).toEqual([])
        expect(runtime.signals()).toEqual([{ signal: 'ROOTED', complete: false }])
        expect(await runtime.counted()).toEqual({ tracesTruncated: 1, spansNotJudged: all - 10 })
      },
    )

    test('is judged in replay on the spans that were judged live', async () => {
      const runtime = await judged(await start(), [15, 15])
      const { rules } = checkRules([{ file: 'large.rules', text: RULES }])
      const hour = 3_600_000
      const report = await replay(runtime.archive, rules, { fromMs: runtime.nowMs - hour, toMs: runtime.nowMs + hour })
      expect(report.rules.map(({ rule, violated }) => [rule, violated])).toEqual([
        ['ROOTED', 1],
        ['MANY', 0],
      ])
    })
  })
}

/** Sends a trace in requests of so many spans, the root first, and waits for its verdict. */
async function judged(runtime: LargeTraceRuntime, sizes: readonly number[]): Promise<LargeTraceRuntime> {
  let sent = 0
  for (const size of sizes) {
    const spans = Array.from({ length: size }, (_, index) => {
      const id = sent + index + 1
      const startMs = runtime.nowMs - 1000 + id
      return { id, startMs, endMs: startMs + 1, ...(id === 1 ? { name: 'root' } : { name: 'step', parent: 1 }) }
    })
    await runtime.send(spans)
    sent += size
  }
  await runtime.settle()
  return runtime
}

/** What the archive holds of the trace, each span once; late parts of one revision together. */
async function partsOf({ archive }: LargeTraceRuntime) {
  const objects = await archive.list('spans/')
  const records = (await Promise.all(objects.map((object) => recordsOf(archive, object)))).flat()
  expect(records.every(({ traceId }) => Buffer.from(traceId).toString('hex') === TRACE_ID)).toBe(true)
  return [...Map.groupBy(records, ({ reason }) => reason)]
    .map(([reason, group]) => {
      const ids = group.flatMap(({ spans }) => spans.map(({ spanId }) => Buffer.from(spanId).toString('hex')))
      const [{ complete, truncated } = { complete: false, truncated: false }] = group
      expect(new Set(ids).size).toBe(ids.length)
      return { reason, complete, truncated, spans: ids.length }
    })
    .sort((a, b) => (a.reason < b.reason ? -1 : 1))
}
