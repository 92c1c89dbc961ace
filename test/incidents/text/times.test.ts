import { expect, test } from 'vitest'
import { durationText, isoTime, utcText } from '../../../shared/incidents/text/times.ts'

test.each([
  [0, '0 seconds'],
  [999, '0 seconds'],
  [1_000, '1 second'],
  [42 * 60_000, '42 minutes'],
  [3 * 3_600_000 + 5 * 60_000 + 7_000, '3 hours 5 minutes'],
  [86_400_000 + 60_000, '1 day'],
  [-5, '0 seconds'],
  [Number.NaN, '0 seconds'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})

test('a time is in UTC, and a number that is not one does no harm', () => {
  expect(utcText(Date.UTC(2026, 10, 29, 12, 4, 5, 678))).toBe('2026-11-29 12:04:05 UTC')
  expect(isoTime(Number.NaN)).toBe('1970-01-01T00:00:00.000Z')
  expect(isoTime(Infinity)).toBe('+275760-09-13T00:00:00.000Z')
})
