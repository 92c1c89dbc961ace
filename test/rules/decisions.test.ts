import { expect, test } from 'vitest'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { judge } from '../../shared/rules/judge/judge.ts'
import { rulesOf } from '../reference/rules.ts'
import { type SpanSketch, traceOf } from '../reference/traces.ts'

/** What the language specification decides where people may expect otherwise, beyond the table of cases. */
function fires(condition: string, ...spans: readonly SpanSketch[]): boolean {
  return judge(compileRules(rulesOf(condition)), traceOf(spans))[0]?.outcome === 'violated'
}

test.each<readonly [string, SpanSketch['attributes'], boolean]>([
  ['code not in [404, none]', { code: 500 }, true],
  ['code not in [404, none]', { code: 'ok' }, true],
  ['code not in [404, none]', { code: 'none' }, false],
  ['code not in [404, none]', { code: true }, false],
  ['code not in [404]', { code: '500' }, false],
  ['code in [9007199254740993]', { code: 9007199254740993n }, true],
  ['code in [9007199254740993]', { code: 9007199254740992 }, false],
  ['code in [5]', { code: 5.0 }, true],
  ['tags not in [a]', { tags: [] }, true],
  ['tags in [a]', { tags: [] }, false],
  ['tags != a', { tags: [] }, true],
  ['exists(tags)', { tags: [] }, true],
  ['tags matches "b$"', { tags: ['a', 'ab'] }, true],
  ['tags matches "b$"', { tags: [] }, false],
  ['blob != a', { blob: new Uint8Array([97]) }, false],
  ['exists(blob)', { blob: new Uint8Array([]) }, true],
  ['n != attr(n)', { n: Number.NaN }, true],
  ['n <= n', { n: Number.NaN }, false],
  ['ok <= other', { ok: true, other: true }, false],
  ['a / b == 3.5', { a: 7, b: 2 }, true],
  ['a * b == 18446744073709551614', { a: 9223372036854775807n, b: 2 }, true],
  ['ok', { ok: [true] }, false],
])('x.where(%s) of %o: %j', (filter, attributes = {}, expected) => {
  expect(fires(`x.where(${filter})`, { name: 'x', attributes })).toBe(expected)
})

test('a clock that steps back makes no negative duration', () => {
  const spans = [
    { name: 'x', startNanos: 100n, durationNanos: -50n },
    { name: 'y', startNanos: 110n, durationNanos: 5n },
  ]
  expect(fires('x.where(span.duration == 0s) and trace.duration == 0.015us', ...spans)).toBe(true)
})

test('a status or kind that has no name is its number', () => {
  const span = { name: 'x', status: 9, kind: -1 }
  expect(fires('x.where(span.status != error and span.status not in [ok, unset])', span)).toBe(true)
  expect(fires('x.where(span.kind == unspecified)', span)).toBe(false)
})

test('among several roots the one that started first is meant, and services are distinguished by name', () => {
  const spans = [
    { name: 'late', startNanos: 9n, resource: { 'service.name': 'b' } },
    { name: 'early', startNanos: 1n, resource: { 'service.name': 'a', host: '1' } },
    { name: 'other', parent: 9, resource: { 'service.name': 'a', host: '2' } },
    { name: 'nameless', parent: 9, resource: {} },
  ]
  expect(fires('trace.root.name == early and trace.root.service == a and trace.services == 2', ...spans)).toBe(true)
})

test('a regex looks at the first 65,536 units of a value, contains at all of it', () => {
  const span = { name: 'x', attributes: { v: `${'a'.repeat(65_536)}b` } }
  expect(fires('x.where(v matches "ab")', span)).toBe(false)
  expect(fires('x.where(v contains ab)', span)).toBe(true)
})
