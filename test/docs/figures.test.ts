import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { committedResult, PAGES, type Result, renderPage } from '../../bench/report.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

describe.each(PAGES)('%s', (page) => {
  test('shows the committed results (else: npm run bench -- --report)', () => {
    expect(renderPage(read(page), committedResult)).toBe(read(page))
  })
})

const TEXTS = [
  'README.md',
  'CHANGELOG.md',
  'grammar/README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

/** How fast, how much faster, how much money, how much memory: what only a measurement can say. */
const FIGURE =
  /[\d.,]+( million| billion)? spans (a|per) second|[\d.,]+ spans\/s|[\d.,]+ (ns|µs|microseconds|ms) (a|per) (span|rule|trace|chunk|request)|[\d.,]+ times (slower|faster|smaller|the speed)|\$\d|[\d.,]+ (MB|GB|MiB) of memory/g

/** A page without what is marked and what is an example in a block. */
function unmarked(text: string): string {
  return text.replace(/<!-- result: .*?<!-- end -->/gs, '').replace(/^```.*?^```/gms, '')
}

test.each(TEXTS)('every figure of %s comes from a result', (page) => {
  expect(unmarked(read(page)).match(FIGURE) ?? []).toEqual([])
})

test('a figure that nothing marks is seen', () => {
  const text = 'fast: 24,000,000 spans a second, <!-- result: cost target -->$9<!-- end --> or $0.40, 5.3 times faster'
  expect(unmarked(text).match(FIGURE)).toEqual(['24,000,000 spans a second', '$0', '5.3 times faster'])
})

describe('a page between its marks', () => {
  const result: Result = {
    ...{ suite: 'split', version: '1.0.0', commit: 'abc', processor: '2 x some', node: 'v24.0.0' },
    measurements: [
      { name: 'copy', nanosPerUnit: 183.4, unit: 'span', unitsPerSecond: 5_452_907 },
      {
        ...{ name: 'split', nanosPerUnit: 12_345, unit: 'span', unitsPerSecond: 81_004 },
        against: { baseline: 'copy', ratio: 'times slower', atMost: 5, measured: 4.2846, low: 4, high: 5, holds: true },
      },
    ],
    figures: [{ name: 'size', value: 901.5, unit: 'KB', better: 'less', atMost: 1000, holds: true }],
    texts: { usd: '$0.23' },
  }
  const shown = (what: string) => renderPage(`a <!-- result: split ${what} -->old<!-- end --> b`, () => result)

  test('has the cases with ratio and bound, whatever stood there', () => {
    expect(shown('cases')).toBe(`a <!-- result: split cases -->

| case  | processor time |             ratio |   must be | than |
| ----- | -------------: | ----------------: | --------: | ---: |
| copy  |    183 ns/span |                   |           |      |
| split |   12.3 µs/span | 4.28 times slower | at most 5 | copy |

<!-- end --> b`)
  })

  test('has figures, conditions and single texts', () => {
    expect(shown('figures')).toContain('| size   | 902 KB | at most 1000 |')
    expect(shown('conditions')).toContain('-->version 1.0.0, commit abc, 2 x some, Node v24.0.0<!--')
    expect(shown('usd')).toBe('a <!-- result: split usd -->$0.23<!-- end --> b')
  })

  test('says which result is missing, and refuses what a result does not have', () => {
    expect(renderPage('<!-- result: none cases --><!-- end -->', () => undefined)).toContain(
      'bench/results/none.json is not',
    )
    expect(() => shown('nothing')).toThrow('bench/results/split.json has no "nothing"')
  })
})
