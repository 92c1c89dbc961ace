import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawWaterfall } from '../../../cli/waterfall/draw.ts'
import { anySpans, type SpanSketch, traceOf } from '../../reference/traces.ts'

const ms = (count: number) => BigInt(count) * 1_000_000n
const plain = (_part: string, text: string) => text

function draw(sketches: readonly SpanSketch[], marks: readonly (readonly [number, string])[] = [], columns = 80) {
  return drawWaterfall(traceOf(sketches), new Map(marks), columns, plain)
}

test('spans are drawn under their parents, with their service, when they ran and for how long', () => {
  const lines = draw(
    [
      { name: 'POST /checkout', id: 1, startNanos: 0n, durationNanos: ms(100) },
      { name: 'cart.validate', id: 2, parent: 1, startNanos: ms(10), durationNanos: ms(20) },
      { name: 'db.query', id: 3, parent: 2, startNanos: ms(15), durationNanos: 1_250_000n },
      { name: 'payment.charge', id: 4, parent: 1, startNanos: ms(50), durationNanos: ms(50) },
    ],
    [[3, '►1']],
    72,
  )
  expect(lines).toEqual([
    '   POST /checkout   shop ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100ms',
    '     cart.validate  shop ···━━━━━━━━━···························    20ms',
    '       db.query     shop ·····━·································  1.25ms',
    '►1   payment.charge shop ···················━━━━━━━━━━━━━━━━━━━━    50ms',
  ])
})

test('a large trace shows marked spans and what they are under, and counts the spans left out', () => {
  const queries = Array.from({ length: 500 }, (_, i) => ({ name: 'db.query', id: i + 10, parent: 2 }))
  const lines = draw([{ name: 'request', id: 1 }, { name: 'list', id: 2, parent: 1 }, ...queries], [[402, '►1']])
  const text = lines.map((line) => line.slice(0, 20).trimEnd())
  expect(text.filter((line) => line.startsWith('►1'))).toEqual(['►1     db.query shop'])
  expect(text.slice(0, 2)).toEqual(['   request      shop', '     list       shop'])
  const leftOut = text.flatMap((line) => /… (\d+) more/.exec(line)?.[1] ?? [])
  expect(leftOut.map(Number).reduce((sum, count) => sum + count, 0)).toBe(502 - 40)
})

test('a chain of 10,000 spans keeps to the width, and tells how deep its end is', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) =>
    i === 0 ? { name: 'call', id: 1 } : { name: 'call', id: i + 1, parent: i },
  )
  const lines = draw(chain, [[9_999, '►1']])
  expect(lines.length).toBeLessThan(90)
  expect(lines.at(-1)).toMatch(/^►1 {20,}\(9999\) c/)
})

test('long names, wide letters and control characters keep the columns', () => {
  const names = ['x'.repeat(500), '検証'.repeat(40), 'e\u0301'.repeat(90), '🛒'.repeat(60), 'a\u001b[31m\u202eb\n', '']
  const lines = draw(
    names.map((name) => ({ name })),
    [],
    40,
  )
  expect(lines.map((line) => line.slice(0, line.search(/ [·━]/)))).toEqual([
    `${'x'.repeat(15)}…`,
    `${'検証'.repeat(3)}検… `,
    `${'e\u0301'.repeat(15)}…`,
    `${'🛒'.repeat(7)}… `,
    'a\\u001b[31m\\u20…',
    '(no name)       ',
  ])
})

test('a name with invisible characters has the room that their escapes take', () => {
  const [line = ''] = draw([{ name: 'a\u061c\u200b\u{e0041}z' }], [], 80)
  expect(line).toMatch(/^a\\u061c\\u200b\\udb40\\udc41z +[^ ]* *━/)
  expect(line).toHaveLength(80)
})

test('halves of one call that share an id stand side by side, and what is under them below', () => {
  const lines = draw([
    { name: 'call', id: 1, kind: 3 },
    { name: 'call', id: 1, kind: 2 },
    { name: 'work', id: 2, parent: 1 },
  ])
  expect(lines.map((line) => line.slice(0, 7).trimEnd())).toEqual(['call', 'call', '  work'])
})

test('any trace is drawn in the width of the screen, each span once or counted', () => {
  fc.assert(
    fc.property(anySpans, fc.integer({ min: 40, max: 200 }), (sketches, columns) => {
      const lines = draw(sketches, [], columns)
      expect(lines).toHaveLength(sketches.length)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns + 5)
    }),
    { seed: 13, numRuns: 200 },
  )
})
