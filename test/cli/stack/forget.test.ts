import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LocalStack, START_MS, startLocalStack } from '../../emulators/local-stack.ts'
import { tracesData } from '../../pipeline/traces.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const RULES = '// Signal: CHARGED (high)\ntrace.has(payment.charge)\n'
const { set } = deployed()
let stack: LocalStack
beforeEach(async () => {
  stack = await startLocalStack({ rules: RULES })
  set({ table: 'buffer', archiveBucket: 'archive' })
})
afterEach(() => stack.stop())

const idOf = (digit: string) => digit.repeat(32)
const charge = { name: 'payment.charge', id: 1, startMs: START_MS - 100, endMs: START_MS }
const forget = (...args: readonly string[]) => runInProcess(['forget', '--stack', 'betrace-main', ...args])

/** What the stack keeps anywhere of a trace. */
async function keptOf(traceId: string) {
  const records = (await stack.archived()).filter((record) => Buffer.from(record.traceId).toString('hex') === traceId)
  const signals = (await stack.archivedSignals()).filter(({ subject }) => subject === traceId)
  return { records: records.length, signals: signals.length, items: (await stack.items(traceId)).length }
}

test('betrace forget --stack removes a trace from archive, signals, table and reports, and leaves the others', async () => {
  for (const digit of ['a', 'b']) await stack.send(tracesData([charge], idOf(digit)))
  await stack.settle()
  await stack.archive.put('replays/r/report.json', Buffer.from(`{"traceId":"${idOf('a')}"}`))
  await stack.archive.put('replays/s/report.json', Buffer.from(`{"traceId":"${idOf('b')}"}`))
  const before = await keptOf(idOf('b'))
  expect(await keptOf(idOf('a'))).toEqual(before)
  const dry = await forget('--trace', idOf('a'), '--dry-run')
  expect(dry.out).toBe(`${idOf('a')}\n1 trace with 1 archived span in 1 hour would be removed\n`)
  const { exitCode, out } = await forget('--trace', idOf('a'))
  expect([exitCode, out]).toEqual([
    0,
    expect.stringMatching(
      /removed: 1 file rewritten, 0 deleted, 1 signal, 2 items of the table, 1 report of replays\n$/,
    ),
  ])
  expect(await keptOf(idOf('a'))).toEqual({ records: 0, signals: 0, items: 0 })
  expect(await keptOf(idOf('b'))).toEqual(before)
  expect((await stack.archive.list('replays/')).map(({ key }) => key)).toEqual(['replays/s/report.json'])
})

test('betrace forget --stack finds the traces of a person', async () => {
  for (const digit of ['a', 'b']) await stack.send(tracesData([{ ...charge, service: digit }], idOf(digit)))
  await stack.settle()
  const { out } = await forget('--where', 'service.name=a', '--from', '-1d')
  expect(out).toMatch(new RegExp(`^${idOf('a')}\n1 trace with 1 archived span in 1 hour removed`))
  expect(await keptOf(idOf('a'))).toEqual({ records: 0, signals: 0, items: 0 })
  expect((await keptOf(idOf('b'))).records).toBe(1)
})
