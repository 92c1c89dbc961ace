import { describe, expect, test } from 'vitest'
import { InputError } from '../../shared/errors.ts'
import { parseRange, parseTime } from '../../shared/replay/range.ts'

const NOW_MS = Date.UTC(2025, 9, 30, 12)
const DAY_MS = 86_400_000

describe('a time range', () => {
  test.each([
    ['2025-10-01', '2025-10-01T00:00:00.000Z'],
    ['2025-10-01T12:30', '2025-10-01T12:30:00.000Z'],
    ['2025-10-01 12:30:15.5', '2025-10-01T12:30:15.500Z'],
    ['2025-10-01T12:30+02:00', '2025-10-01T10:30:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('reads %s as %s', (text, iso) => {
    const parsed = parseTime('from', text, NOW_MS)
    expect(new Date(parsed).toISOString()).toBe(iso)
  })

  test.each([
    ['-29d', 29 * DAY_MS],
    ['-90m', 90 * 60_000],
    ['-6h', 6 * 3_600_000],
    ['-45s', 45_000],
    ['-2w', 14 * DAY_MS],
  ])('counts %s back from now', (text, agoMs) => {
    expect(parseRange(text, 'now', NOW_MS)).toEqual({ fromMs: NOW_MS - agoMs, toMs: NOW_MS })
  })

  test.each(['2025-02-29', '2025-13-01', '2025-10-01T25:00', '29d', '-29', 'yesterday', '', '2025-10-01T', '1e9'])(
    'refuses "%s" with what to write instead',
    (text) => {
      expect(() => parseRange(text, 'now', NOW_MS)).toThrow(
        expect.objectContaining({ code: 'bad-time', hint: expect.stringContaining('-29d') }),
      )
    },
  )

  test('holds 400 days and no more', () => {
    expect(parseRange('-400d', 'now', NOW_MS).fromMs).toBe(NOW_MS - 400 * DAY_MS)
    expect(() => parseRange('-401d', 'now', NOW_MS)).toThrow(InputError)
  })

  test('is not empty, and does not start in the future', () => {
    expect(() => parseRange('-1h', '-1h', NOW_MS)).toThrow(expect.objectContaining({ code: 'empty-range' }))
    expect(() => parseRange('2026-01-01', '2026-01-02', NOW_MS)).toThrow(
      expect.objectContaining({ code: 'range-in-future' }),
    )
  })
})
