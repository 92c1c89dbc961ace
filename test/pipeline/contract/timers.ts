import { describe, expect, test } from 'vitest'
import type { Timer, Timers, TraceTimer } from '../../../shared/pipeline/ports.ts'

/** Timers under test, and a look at what they would deliver. */
export interface TimersFixture {
  readonly timers: Timers
  /** Every timer that was armed and not delivered, due or not. */
  waiting(): Promise<readonly Timer[]>
  buried(): Promise<readonly Timer[]>
  readonly nowMs: number
}

/** What every timer store must do; `open` gives an empty one. */
export function timersContract(name: string, open: () => TimersFixture | Promise<TimersFixture>): void {
  const byDue = (timers: readonly Timer[]) => timers.toSorted((a, b) => a.dueAtMs - b.dueAtMs)

  describe(`${name}: timers`, () => {
    test('keep all that they were armed with', async () => {
      const { timers, waiting, nowMs } = await open()
      const trace: TraceTimer = {
        kind: 'trace',
        traceId: 'a'.repeat(32),
        chunkKeys: [`c#${nowMs}#0123456789abcdef`, `c#${nowMs}#fedcba9876543210`],
        dueAtMs: nowMs + 5_000,
        attempt: 3,
      }
      const other: TraceTimer = { ...trace, traceId: 'b'.repeat(32), dueAtMs: nowMs + 65_000, attempt: 0 }
      await timers.arm([trace, other])
      expect(byDue(await waiting())).toEqual([trace, other])
    })

    test('may be due long after now, or in the past', async () => {
      const { timers, waiting, nowMs } = await open()
      const due = (dueAtMs: number): Timer => ({
        kind: 'trace',
        traceId: 'a'.repeat(32),
        chunkKeys: [],
        dueAtMs,
        attempt: 0,
      })
      const armed = [due(nowMs - 1_000), due(nowMs + 3_600_000)]
      await timers.arm(armed)
      expect(byDue(await waiting())).toEqual(armed)
    })

    test('come in any number', async () => {
      const { timers, waiting, nowMs } = await open()
      const armed = Array.from(
        { length: 35 },
        (_, index): Timer => ({
          kind: 'trace',
          traceId: String(index).padStart(32, '0'),
          chunkKeys: [],
          dueAtMs: nowMs + index,
          attempt: 0,
        }),
      )
      await timers.arm(armed)
      await timers.arm([])
      expect(byDue(await waiting())).toEqual(armed)
    })

    test('that are buried are set aside, and not delivered', async () => {
      const { timers, waiting, buried, nowMs } = await open()
      const timer: Timer = { kind: 'trace', traceId: 'a'.repeat(32), chunkKeys: [], dueAtMs: nowMs, attempt: 5 }
      await timers.bury(timer, 'Error: no')
      expect(await waiting()).toEqual([])
      expect(await buried()).toEqual([timer])
    })
  })
}
