import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { DynamoStormLedger } from '../../../shared/aws/signals/dynamo-storms.ts'
import type { StormEntry } from '../../../shared/pipeline/ports.ts'
import { bufferTable } from '../../emulators/dynamo-table.ts'
import { startDynalite } from '../../emulators/emulators.ts'
import { intercepted } from '../../emulators/faux.ts'

const NOW_MS = 1_764_000_000_000
const table = bufferTable(startDynalite)
const ledger = (client = table().client) => new DynamoStormLedger({ ...table(), client }, () => NOW_MS)

function entry(rule: string, id: string, limit = 2): StormEntry {
  const describes = { signal: rule, severity: 'low', tags: [] } as const
  return {
    rule,
    windowStartMs: NOW_MS,
    limit,
    sample: { id, status: 'firing', traceId: 't', service: 's', text: 'x', describes },
  }
}

test('signals of one rule and window are counted over all evaluators', async () => {
  const counts: number[] = []
  for (const one of [ledger(), ledger(), ledger()]) counts.push((await one.admit(entry('A', 'a'))).count)
  expect(counts).toEqual([1, 2, 3])
  expect((await ledger().admit(entry('B', 'a'))).count).toBe(1)
  expect((await ledger().admit({ ...entry('A', 'a'), windowStartMs: NOW_MS + 60_000 })).count).toBe(1)
})

test('signals that come at once are counted one by one in few writes', async () => {
  let writes = 0
  const watched = intercepted(table().client, (command) => {
    if (command instanceof UpdateItemCommand) writes++
  })
  const one = ledger(watched)
  const windows = await Promise.all(Array.from({ length: 200 }, (_, i) => one.admit(entry('BUSY', String(i), 1_000))))
  expect(windows.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual(windows.map((_, i) => i + 1))
  expect(writes).toBeLessThan(10)
})

test('the first five signals past the limit are kept as samples, each once', async () => {
  const one = ledger()
  for (const id of ['a', 'b', 'c', 'c', 'd', 'e', 'f', 'g', 'h']) await one.admit(entry('SAMPLED', id))
  const window = await one.read('SAMPLED', NOW_MS)
  expect(window).toMatchObject({ count: 9, armed: false })
  expect(window?.samples.map(({ id }) => id)).toEqual(['c', 'd', 'e', 'f', 'g'])
})

test('a window remembers that its digest has a timer', async () => {
  await ledger().admit(entry('ARMED', 'a'))
  await ledger().mark('ARMED', NOW_MS, 'armed')
  expect(await ledger().admit(entry('ARMED', 'b'))).toMatchObject({ count: 2, armed: true })
  expect(await ledger().read('NEVER', NOW_MS)).toBeUndefined()
})

test('a rule whose name is longer than a key is counted like any other', async () => {
  const rule = 'R'.repeat(10_000)
  expect((await ledger().admit(entry(rule, 'a'))).count).toBe(1)
})
