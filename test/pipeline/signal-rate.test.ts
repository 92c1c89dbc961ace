import { expect, test } from 'vitest'
import { SignalRate } from '../../shared/pipeline/signal-rate.ts'

const MINUTE_MS = 60_000

test('of each rule so many signals a minute are admitted, and each of them again', () => {
  const rate = new SignalRate(2)
  const admits = (rule: string, id: string, nowMs = 0) => rate.admits(rule, id, nowMs)
  expect([admits('A', '1'), admits('A', '2'), admits('A', '3')]).toEqual([true, true, false])
  expect([admits('A', '1'), admits('B', '3')]).toEqual([true, true])
  expect(admits('A', '3', MINUTE_MS)).toBe(true)
})
