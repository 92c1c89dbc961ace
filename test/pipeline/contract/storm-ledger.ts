import { describe, expect, test } from 'vitest'
import type { StormEntry, StormLedger } from '../../../shared/pipeline/ports.ts'

const WINDOW_MS = 1_764_000_000_000

function entry(rule: string, id: number, limit = 2): StormEntry {
  const describes = { signal: rule, severity: 'low', description: 'żółć', tags: ['a'] } as const
  const sample = { id: `${id}`, status: 'firing', traceId: `t${id}`, service: 's', text: 'x', describes } as const
  return { rule, windowStartMs: WINDOW_MS, limit, sample }
}

/** What every storm ledger must do; `open` gives an empty one. */
export function stormLedgerContract(name: string, open: () => StormLedger | Promise<StormLedger>): void {
  describe(`${name}: a storm ledger`, () => {
    test('counts the signals of each rule and window', async () => {
      const ledger = await open()
      const counts: number[] = []
      for (const id of [1, 2, 3]) counts.push((await ledger.admit(entry('A', id))).count)
      expect(counts).toEqual([1, 2, 3])
      expect((await ledger.admit(entry('B', 1))).count).toBe(1)
      expect((await ledger.admit({ ...entry('A', 9), windowStartMs: WINDOW_MS + 60_000 })).count).toBe(1)
    })

    test('gives signals that come at once a count of their own', async () => {
      const ledger = await open()
      const windows = await Promise.all(Array.from({ length: 50 }, (_, id) => ledger.admit(entry('A', id, 100))))
      const counts = windows.map(({ count }) => count).toSorted((a, b) => a - b)
      expect(counts).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    })

    test('keeps the first five signals past the limit as samples', async () => {
      const ledger = await open()
      for (let id = 1; id <= 12; id++) await ledger.admit(entry('A', id))
      const window = await ledger.read('A', WINDOW_MS)
      expect(window?.count).toBe(12)
      expect(window?.samples.map(({ id }) => id)).toEqual(['3', '4', '5', '6', '7'])
      expect(window?.samples[0]).toEqual(entry('A', 3).sample)
    })

    test('remembers that the digest of a window has its timer, and that it was sent', async () => {
      const ledger = await open()
      for (let id = 1; id <= 3; id++) expect((await ledger.admit(entry('A', id))).armed).toBe(false)
      await ledger.mark('A', WINDOW_MS, 'armed')
      expect(await ledger.admit(entry('A', 4))).toMatchObject({ armed: true, sent: false })
      expect(await ledger.read('A', WINDOW_MS)).toMatchObject({ count: 4, armed: true, sent: false })
      await ledger.mark('A', WINDOW_MS, 'sent')
      expect(await ledger.read('A', WINDOW_MS)).toMatchObject({ count: 4, armed: true, sent: true })
    })

    test('knows nothing of a window without signals', async () => {
      expect(await (await open()).read('NONE', WINDOW_MS)).toBeUndefined()
    })
  })
}
