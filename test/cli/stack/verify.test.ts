import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LocalStack, startLocalStack } from '../../emulators/local-stack.ts'
import { archive, HOUR_MS, recordOf } from '../../replay/archived.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const RULES =
  '// Signal: CHARGE_WITHOUT_VALIDATION (high)\ntrace.has(payment.charge) and not trace.has(cart.validate)\n'
const DAY_MS = Date.parse('2026-01-30')
deployed()
let stack: LocalStack
beforeEach(async () => {
  stack = await startLocalStack({ rules: RULES })
  const spans = [{ name: 'payment.charge', id: 1 }]
  const records = [1, 2].map((n) => recordOf({ traceId: String(n).repeat(32), spans, atMs: DAY_MS + n * HOUR_MS }))
  await archive(stack.archive, records)
})
afterEach(() => stack.stop())

const verify = (...args: readonly string[]) => runInProcess(['verify', '--stack', 'betrace-main', ...args])

test('a past window of a deployed stack is judged by its rules in force', async () => {
  const { exitCode, out } = await verify('--from', '2026-01-30T02:00', '--to', '2026-01-30T03:00')
  expect(out).toContain('VIOLATED  CHARGE_WITHOUT_VALIDATION          1         1  1 of 1  same')
  expect(exitCode).toBe(1)
})

test('30 days of it are refused with an estimate', async () => {
  const { exitCode, err } = await verify('--from', '2026-01-01', '--to', '2026-01-31')
  expect([exitCode, err]).toEqual([2, expect.stringContaining('the window of 720 h is longer than 24 h (30.0 days')])
})
