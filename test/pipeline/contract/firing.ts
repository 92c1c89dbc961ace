import { describe, expect, test } from 'vitest'
import type { FiringSource } from '../../../shared/experiments/health.ts'
import type { PendingSignal, SignalStore } from '../../../shared/pipeline/ports.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'

const NOW_MS = 1_764_000_000_000

function signal(rule: string, traceId: string, atMs: number, status: SignalEvent['status'] = 'firing', shadow = false) {
  const sequence = status === 'firing' ? 1 : 2
  const event = {
    id: `${rule}-${traceId}.live.${sequence}`,
    signalid: `${rule}-${traceId}`,
    sequence,
    status,
    time: new Date(atMs).toISOString(),
    data: {
      signal: rule,
      severity: 'high',
      traceId,
      service: 'cart',
      description: '',
      evidence: { text: '', clauses: [], truncated: false },
    },
  }
  return { event, shadow } as unknown as PendingSignal
}

/** The contract of every source of firing rules. */
export function firingContract(where: string, open: () => Pick<SignalStore, 'record'> & FiringSource): void {
  describe(`firing rules ${where}`, () => {
    test('are those that fired since, each once, with the trace on which it did last', async () => {
      const source = open()
      await source.record([signal('A', 't1', NOW_MS - 90_000)])
      await source.record([signal('B', 't1', NOW_MS - 50_000)])
      const expected = { signal: 'B', severity: 'high', lastMs: NOW_MS - 50_000, traceId: 't1', service: 'cart' }
      expect(await source.firingSince(NOW_MS - 60_000)).toEqual([expected])
      expect((await source.firingSince(NOW_MS - 90_000)).map((rule) => rule.signal).sort()).toEqual(['A', 'B'])
    })

    test('leave out what was retracted, and what is in shadow mode', async () => {
      const source = open()
      await source.record([signal('C', 't1', NOW_MS), signal('D', 't1', NOW_MS, 'firing', true)])
      await source.record([signal('C', 't1', NOW_MS + 1, 'retracted')])
      const found = (await source.firingSince(NOW_MS - 60_000)).map((rule) => rule.signal)
      expect(found.filter((name) => name === 'C' || name === 'D')).toEqual([])
    })

    test('fire again on another trace after a retraction', async () => {
      const source = open()
      await source.record([signal('E', 't1', NOW_MS)])
      await source.record([signal('E', 't1', NOW_MS + 1, 'retracted')])
      await source.record([signal('E', 't2', NOW_MS + 2)])
      const [rule] = (await source.firingSince(NOW_MS)).filter(({ signal: name }) => name === 'E')
      expect(rule?.traceId).toBe('t2')
    })
  })
}
