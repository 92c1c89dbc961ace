import { describe, expect, test } from 'vitest'
import { compareSuite } from '../../bench/compare.ts'
import type { SuiteResult } from '../../bench/machine.ts'
import type { CheckedFigure, Measurement } from '../../bench/suite.ts'

const machine = { version: '0.1.0', commit: 'abc', processor: '2 x some', node: 'v24.0.0' }

const result = (measurements: readonly Measurement[], rest: Partial<SuiteResult> = {}): SuiteResult => ({
  suite: 'split',
  ...machine,
  measurements,
  ...rest,
})

const timed = (name: string, nanosPerUnit = 1000, rest: Partial<Measurement> = {}): Measurement => ({
  ...{ name, nanosPerUnit, unit: 'span', unitsPerSecond: 1e9 / nanosPerUnit },
  ...rest,
})

type Ratio = 'times slower' | 'times faster'

const against = (ratio: Ratio, measured: number, spread = 0, baseline = 'peer'): Measurement =>
  timed('ours', 1000, {
    against: { baseline, ratio, measured, low: measured - spread, high: measured + spread, holds: true },
  })

const only = (before: SuiteResult, after: SuiteResult) => compareSuite(before, after).changes[0]

describe('a ratio', () => {
  test.each([
    ['times slower', 2, 2.19, 0.095, false],
    ['times slower', 2, 2.2, 0.1, false],
    ['times slower', 2, 2.21, 0.105, true],
    ['times slower', 2, 1, -0.5, false],
    ['times faster', 11, 10.01, 0.0989, false],
    ['times faster', 11, 10, 0.1, false],
    ['times faster', 11, 9.99, 0.1011, true],
    ['times faster', 10, 20, -0.5, false],
  ] as const)('%s from %d to %d is %d worse', (ratio, before, after, worse, regression) => {
    const change = only(result([against(ratio, before)]), result([against(ratio, after)]))
    expect(change).toMatchObject({ kind: 'compared', worse: expect.closeTo(worse, 3), regression })
  })

  test('says the same whichever way round it was stored', () => {
    const change = only(result([against('times faster', 4)]), result([against('times slower', 0.25)]))
    expect(change).toMatchObject({ worse: expect.closeTo(0, 9), regression: false })
  })

  test('counts although machine and Node differ, which is said', () => {
    const after = result([against('times slower', 3)], { processor: '8 x other', node: 'v26.0.0', version: '0.2.0' })
    const { differs, changes } = compareSuite(result([against('times slower', 2)]), after)
    expect(differs).toEqual([
      'processor was 2 x some, is 8 x other',
      'node was v24.0.0, is v26.0.0',
      'version was 0.1.0, is 0.2.0',
    ])
    expect(changes).toMatchObject([{ regression: true }])
  })

  test('is not a regression where the rounds of before and after differ as much among themselves', () => {
    const change = only(result([against('times slower', 2, 0.2)]), result([against('times slower', 2.4, 0.3)]))
    expect(change).toMatchObject({ worse: expect.closeTo(0.2, 9), regression: false })
    expect(
      only(result([against('times slower', 2, 0.05)]), result([against('times slower', 2.4, 0.05)])),
    ).toMatchObject({
      regression: true,
    })
  })

  test('to another baseline is not compared', () => {
    const change = only(
      result([against('times slower', 2, 0, 'peer')]),
      result([against('times slower', 9, 0, 'new peer')]),
    )
    expect(change).toEqual({ kind: 'not compared', name: 'ours', why: 'its baseline was "peer", is "new peer"' })
  })
})

describe('a case without a baseline', () => {
  const referred = (measured: number) =>
    timed('alone', 1000, { reference: { measured, low: measured, high: measured } })

  test('is compared in times of the reference, on any machine', () => {
    const elsewhere = { processor: '8 x other' }
    expect(only(result([referred(1)]), result([referred(1.1)], elsewhere))).toMatchObject({ regression: false })
    expect(only(result([referred(1)]), result([referred(1.2)], elsewhere))).toMatchObject({ regression: true })
  })

  test('and without a reference by time, where processor and Node are the same', () => {
    expect(only(result([timed('alone')]), result([timed('alone', 1200)]))).toMatchObject({
      by: 'ns/span',
      regression: true,
    })
    expect(only(result([timed('alone')]), result([timed('alone', 1200)], { node: 'v26.0.0' }))).toMatchObject({
      kind: 'not compared',
    })
  })
})

test('new, removed and renamed cases are named', () => {
  const before = result([timed('gone'), timed('old name'), timed('same')])
  const after = result([timed('same'), timed('new name', 2000, { formerly: 'old name' }), timed('added')])
  expect(compareSuite(before, after).changes).toMatchObject([
    { kind: 'compared', name: 'same' },
    { kind: 'compared', name: 'new name (was "old name")', worse: 1 },
    { kind: 'new', name: 'added' },
    { kind: 'removed', name: 'gone' },
  ])
})

test('a figure is compared by whether more of it is better', () => {
  const figure = (name: string, value: number, better: 'less' | 'more'): CheckedFigure => ({
    ...{ name, value, better, unit: 'KB', holds: true },
  })
  const before = result([], { figures: [figure('size', 100, 'less'), figure('saved', 100, 'more')] })
  const after = result([], { figures: [figure('size', 120, 'less'), figure('saved', 120, 'more')] })
  expect(compareSuite(before, after).changes).toMatchObject([
    { name: 'size', before: 100, after: 120, worse: expect.closeTo(0.2, 9), regression: true },
    { name: 'saved', before: 100, after: 120, worse: expect.closeTo(-1 / 6, 9), regression: false },
  ])
})
