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

test('the rules in force of a deployed stack have their states over any range', async () => {
  const range = ['--from', '2026-01-30T00:00', '--to', '2026-01-30T04:00']
  const { exitCode, out } = await runInProcess(['rules', 'status', '--stack', 'betrace-main', ...range])
  expect(out).toContain('1 rule on 2 traces')
  expect(out).toMatch(/VIOLATED {2}CHARGE_WITHOUT_VALIDATION {2}2026-01-30T02:00:00Z \(\d+ .*ago\) +2 +2 {2}·██·\n/)
  expect(exitCode).toBe(0)
})
