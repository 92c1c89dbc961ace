import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { explain } from '../../shared/rules/evidence/explain.ts'
import { judge } from '../../shared/rules/judge/judge.ts'
import { referenceOutcome } from '../reference/interpreter.ts'
import { rulesOf } from '../reference/rules.ts'
import { type SpanSketch, traceOf } from '../reference/traces.ts'

const MS = 1_000_000n

/** The judge's outcome; the reference interpreter must give the same. */
function holds(condition: string, spans: readonly SpanSketch[]): boolean {
  const rules = rulesOf(condition)
  const trace = traceOf(spans)
  const isViolated = judge(compileRules(rules), trace)[0]?.outcome === 'violated'
  expect(rules.map((rule) => referenceOutcome(rule, trace))).toEqual([isViolated ? 'violated' : 'satisfied'])
  return isViolated
}

/** A span by start and end, in nanoseconds after a whole millisecond. */
function at(name: string, start: bigint, end: bigint, more: Partial<SpanSketch> = {}): SpanSketch {
  return { name, startNanos: start, durationNanos: end - start, ...more }
}

describe('1,000 traces of steps that were awaited one after the other, as the JavaScript SDK tells their times,', () => {
  const text = readFileSync('optional-rules/payments.rules', 'utf8')
  const set = compileRules(checkRules([{ file: 'payments.rules', text }]).rules)
  const firing = (spans: readonly SpanSketch[]) =>
    judge(set, traceOf(spans)).flatMap(({ rule, outcome }) => (outcome === 'violated' ? [rule.name] : []))

  /** Starts at the whole millisecond of its true start, and lasts as long as it lasted in whole microseconds. */
  const told = (name: string, id: number, trueStart: bigint, lasted: bigint): SpanSketch => {
    const more = id === 1 ? { id } : { id, parent: 1 }
    return { name, startNanos: trueStart - (trueStart % MS), durationNanos: lasted - (lasted % 1000n), ...more }
  }
  const random = randomNanos(20260101n)
  const traces = Array.from({ length: 1000 }, () => {
    const start = random(10n * MS)
    const [before, validated, pause, charged] = [random(MS), random(3n * MS), random(100_000n), random(3n * MS)]
    const charge = start + before + validated + pause
    return [
      told('POST /checkout', 1, start, charge + charged - start),
      told('cart.validate', 2, start + before, validated),
      told('payment.charge', 3, charge, charged),
    ]
  })

  test('break no rule on order', () => {
    const startsEarly = traces.filter(([, validate, charge]) => endOf(validate) > (charge?.startNanos ?? 0n))
    expect(startsEarly.length).toBeGreaterThan(200)
    expect(traces.flatMap(firing)).toEqual([])
  })

  test('break it where the charge began a millisecond before the validation had ended', () => {
    const swapped = traces.map(([root, validate, charge]) => [
      root as SpanSketch,
      { ...(validate as SpanSketch), durationNanos: (charge?.startNanos ?? 0n) + MS - (validate?.startNanos ?? 0n) },
      charge as SpanSketch,
    ])
    expect(swapped.flatMap(firing)).toEqual(swapped.map(() => 'CHARGE_BEFORE_VALIDATION'))
  })
})

function endOf({ startNanos = 0n, durationNanos = 0n }: Partial<SpanSketch> = {}): bigint {
  return startNanos + durationNanos
}

/** Numbers below a limit, the same in each run. */
function randomNanos(seed: bigint): (limit: bigint) => bigint {
  let state = seed
  return (limit) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n
    return (state >> 20n) % limit
  }
}

describe('an end and a start', () => {
  test.each<readonly [string, bigint, bigint, boolean]>([
    ['a start of whole milliseconds is reached by an end in its millisecond', 10n * MS + 700_000n, 10n * MS, true],
    ['up to its last nanosecond', 11n * MS - 1n, 10n * MS, true],
    ['not by an end in the next millisecond', 11n * MS, 10n * MS, false],
    ['an end of whole milliseconds is before a start in its millisecond', 10n * MS, 10n * MS + 1n, true],
    ['not before a start in the millisecond before', 10n * MS, 10n * MS - 1n, false],
    ['finer times are compared as they are, where they touch', 10n * MS + 5n, 10n * MS + 5n, true],
    ['and where they overlap by a nanosecond', 10n * MS + 6n, 10n * MS + 5n, false],
    ['whole seconds are whole milliseconds', 1000n * MS + 999_999n, 1000n * MS, true],
  ])('%s', (_, end, start, expected) => {
    const spans = [at('a', MS, end), at('b', start, 2000n * MS)]
    expect(holds('a before b', spans)).toBe(expected)
    expect(holds('b after a', spans)).toBe(expected)
    expect(holds('not a before b', spans)).toBe(!expected)
    expect(holds('a as p and b as q and p before q', spans)).toBe(expected)
    expect(holds('a as p and b as q and not p before q', spans)).toBe(!expected)
    expect(holds('when { b as q } always { a before q }', spans)).toBe(!expected)
    expect(holds('when { b as q } never { a before q }', spans)).toBe(expected)
  })

  test('that lie in one millisecond are in order either way', () => {
    const spans = [at('a', 0n, 300_000n), at('b', 0n, 500_000n)]
    expect(holds('a before b and b before a', spans)).toBe(true)
  })
})

describe('a limit', () => {
  test.each<readonly [string, bigint, bigint, string, boolean]>([
    ['of a cut start ends with its millisecond', 10n * MS, 16n * MS - 1n, '5ms', true],
    ['and not later', 10n * MS, 16n * MS, '5ms', false],
    ['of a cut end begins with its millisecond', 10n * MS, 15n * MS, '5ms', true],
    ['and not earlier', 10n * MS - 1n, 15n * MS, '5ms', false],
    ['of finer times ends with its last nanosecond', 10n * MS + 1n, 15n * MS + 1n, '5ms', true],
    ['and no nanosecond later', 10n * MS + 1n, 15n * MS + 2n, '5ms', false],
    ['below a millisecond asks for one and the same', 10n * MS, 11n * MS - 1n, '500us', true],
    ['so that the next is too late', 11n * MS - 1n, 11n * MS, '500us', false],
    ['of no time asks for one and the same as well', 10n * MS + 7n, 10n * MS, '0s', true],
    ['counts whole milliseconds where one time does', 10n * MS, 12n * MS - 1n, '1.5ms', true],
    ['so that half of one makes no difference', 10n * MS, 12n * MS, '1.5ms', false],
  ])('%s', (_, end, start, limit, expected) => {
    const spans = [at('a', MS, end), at('b', start, 2000n * MS)]
    expect(holds(`a before b within ${limit}`, spans)).toBe(expected)
    expect(holds(`b after a within ${limit}`, spans)).toBe(expected)
    expect(holds(`a as p and b as q and p before q within ${limit}`, spans)).toBe(expected)
    expect(holds(`a as p and b as q and not p before q within ${limit}`, spans)).toBe(!expected)
  })

  test.each<readonly [bigint, bigint, string, boolean]>([
    [10n * MS, 12n * MS - 1n, '1ms', true],
    [10n * MS, 12n * MS, '1ms', false],
    [10n * MS + 1n, 12n * MS, '2ms', true],
    [10n * MS - 1n, 12n * MS, '2ms', false],
  ])('between starts at %d and %d of %s: %j', (one, other, limit, expected) => {
    const spans = [at('a', one, one), at('b', other, other)]
    expect(holds(`a starts before b within ${limit}`, spans)).toBe(expected)
    expect(holds(`a as p and b as q and q starts after p within ${limit}`, spans)).toBe(expected)
  })
})

describe('two starts in one millisecond, one of them known no finer,', () => {
  const related = (above: bigint, below: bigint) => [
    at('root', above, 90n * MS, { id: 1 }),
    at('middle', 50n * MS, 60n * MS, { id: 2, parent: 1 }),
    at('leaf', below, 80n * MS, { id: 3, parent: 2 }),
    at('other', below, 80n * MS, { id: 4 }),
  ]

  test.each([
    [10n * MS, 10n * MS],
    [10n * MS + 700_000n, 10n * MS],
    [10n * MS, 11n * MS - 1n],
  ])('at %d and %d: what is above starts before what is under it, unrelated spans start at once', (above, below) => {
    const spans = related(above, below)
    for (const limit of ['', ' within 0s', ' within 1ms']) {
      expect(holds(`root starts before leaf${limit}`, spans)).toBe(true)
      expect(holds(`leaf starts after root${limit}`, spans)).toBe(true)
      expect(holds(`root as p and leaf as q and p starts before q${limit}`, spans)).toBe(true)
      expect(holds(`leaf as q and not has(root) as p starts before q${limit}`, spans)).toBe(false)
      expect(holds(`leaf starts before root${limit}`, spans)).toBe(false)
      expect(holds(`root starts before other or other starts before root${limit}`, spans)).toBe(false)
    }
  })

  test('of finer clocks that tell one and the same moment none is first', () => {
    const spans = related(10n * MS + 5n, 10n * MS + 5n)
    expect(holds('root starts before leaf or leaf starts before root', spans)).toBe(false)
  })

  test('are answered of 20,000 spans that all start in one', () => {
    const sketches = Array.from({ length: 20_000 }, (_, index) => {
      const more = index === 0 ? { id: 1 } : { id: index + 1, parent: index }
      return at(index % 2 === 0 ? 'a' : 'b', index % 3 === 0 ? 0n : 300_000n, MS, more)
    })
    const bodies = [
      'b starts before a.where(span.duration < 0s)',
      'b as q and not any starts before q',
      'when { b as q } always { a starts before q within 0s }',
    ]
    const verdicts = judge(compileRules(rulesOf(...bodies)), traceOf(sketches))
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(bodies.map(() => 'satisfied'))
  })
})

describe('where two spans of one id name different parents, so that no tree answers,', () => {
  /** A chain, two spans a millisecond, the earliest at its end. */
  const chain = (size: number) =>
    Array.from({ length: size }, (_, index) => {
      const start = BigInt(size - index - ((size - index) % 2)) * MS + (index % 2 === 0 ? 0n : 300_000n)
      const isTwice = index === size - 1
      return at(index % 2 === 0 ? 'a' : 'b', start, start, {
        id: isTwice ? index : index + 1,
        ...(index > 0 && { parent: isTwice ? 3 : index }),
      })
    })

  test('`under` follows parents as far as they are known', () => {
    expect(holds('b starts before a within 0s', chain(20))).toBe(true)
    expect(holds('a starts before b within 0s', chain(20))).toBe(false)
    expect(holds('a as p and b as q and p starts after q within 0s and not q starts before p', chain(20))).toBe(false)
  })

  test('a rule that follows it for too long is given up, and its evidence says so', () => {
    const set = compileRules(rulesOf('a starts before b within 0s'))
    const [verdict] = explain(set, traceOf(chain(12_000)))
    expect(verdict?.outcome).toBe('inconclusive')
    expect(verdict?.evidence?.clauses[0]?.seen).toMatch(/^given up after 10,000,000 steps/)
  })
})

test('how long a span and a trace last is said as the clocks tell it', () => {
  const spans = [at('a', 0n, 700_000n), at('b', 0n, 1_500_000n)]
  expect(holds('a.where(span.duration == 700us) and b.where(span.duration == 1.5ms)', spans)).toBe(true)
  expect(holds('trace.duration == 1.5ms', spans)).toBe(true)
})
