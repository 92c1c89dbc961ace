import { describe, expect, test } from 'vitest'
import { replayOf } from '../../shared/experiments/replay-store.ts'
import { giveExperimentVerdict, type VerdictRequest } from '../../shared/experiments/verdict.ts'
import type { RuleReport } from '../../shared/replay/report.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { verdictLines } from '../../shared/text/verdict-text.ts'
import { memoryStore } from '../archive/memory-store.ts'
import { archive, recordOf, START_MS } from '../replay/archived.ts'

const { rules } = checkRules([
  {
    file: 'r.rules',
    text: [
      '// Signal: FIRST (high)\na and not b\n',
      '// Signal: SECOND (low)\n// Mode: shadow\nc and not d\n',
      '// Signal: exercise-0 (low)\ne and not f\n',
    ].join('\n'),
  },
])
const HOUR_MS = 3_600_000
const range = { fromMs: START_MS, toMs: START_MS + HOUR_MS }
const request = (more: Partial<VerdictRequest> = {}): VerdictRequest => ({
  range,
  rules,
  services: [],
  expected: [],
  ...more,
})

/** A verdict on counts: [exercised, violated] of each rule, in the window and in the one before. */
function verdictOn(
  now: readonly (readonly [number, number])[],
  before = now,
  more: Partial<VerdictRequest> = {},
  inconclusive = 0,
) {
  return giveExperimentVerdict(request(more), async (asked, { fromMs, toMs }) => {
    const counts = fromMs === START_MS ? now : before
    const reported = asked.map(({ name, revision, severity }, i): RuleReport => {
      const violated = i < 3 ? counts[i]?.[1] : (counts[i - 3]?.[0] ?? 50)
      const none = { satisfied: 0, vacuous: 0, inconclusive: i === 0 ? inconclusive : 0, hours: [] }
      const unseen = { blind: 0, absent: [], samples: [] }
      const known = { rule: name, revision, severity, shadow: false }
      return { ...known, judged: 50, violated: violated ?? 0, first: null, last: null, ...none, ...unseen }
    })
    const objects = { scanned: 0, skipped: 0, bytesScanned: 0, bytesSkipped: 0, spansScanned: 0, spansSkipped: 0 }
    const times = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
    return {
      ...times,
      archivedThrough: null,
      traces: 50,
      rules: reported,
      objects: { ...objects, replaced: 0 },
      failures: [],
    }
  })
}

const QUIET = [
  [0, 0],
  [0, 0],
] as const

describe('the verdict on a rule', () => {
  test.each([
    ['held where it was exercised and not broken', [5, 0], [5, 0], 'held', null],
    ['not exercised where nothing gave it anything to say', [0, 0], [5, 0], 'not-exercised', null],
    ['new where it was not broken before', [5, 1], [5, 0], 'violated', 'new'],
    ['worse where a greater share breaks it', [10, 6], [10, 5], 'violated', 'worse'],
    ['the same where as great a share did before', [10, 5], [4, 2], 'violated', 'same'],
    ['better where a smaller share breaks it', [10, 1], [10, 5], 'violated', 'better'],
    ['better where none breaks it any more', [10, 0], [10, 5], 'held', 'better'],
  ] as const)('is %s', async (_, now, before, verdict, change) => {
    const { rules: found } = await verdictOn([now, ...QUIET], [before, ...QUIET])
    expect(found[0]).toMatchObject({ rule: 'FIRST', verdict, change, exercised: now[0], violated: now[1] })
  })
})

describe('the outcome', () => {
  const outcome = async (...args: Parameters<typeof verdictOn>) => (await verdictOn(...args)).outcome

  test('is not decided by rules in shadow mode', async () => {
    const shadowed = [
      [5, 0],
      [5, 5],
      [0, 0],
    ] as const
    expect(await verdictOn(shadowed)).toMatchObject({ outcome: 'held', signals: 0 })
  })

  test('is not exercised where an expected rule was not, or is not in force', async () => {
    const held = [[5, 0], ...QUIET] as const
    expect(await outcome(held)).toBe('held')
    expect(await outcome(held, held, { expected: ['FIRST'] })).toBe('held')
    expect(await outcome(held, held, { expected: ['FIRST', 'exercise-0'] })).toBe('not-exercised')
    expect(await outcome(held, held, { expected: ['GONE'] })).toBe('not-exercised')
    expect(await outcome([[0, 0], ...QUIET])).toBe('not-exercised')
  })

  test('a rule whose judging was stopped on traces is named', async () => {
    const held = [[5, 0], ...QUIET] as const
    const verdict = await verdictOn(held, held, {}, 2)
    expect(verdict.failures).toEqual([
      { key: 'FIRST', reason: expect.stringContaining('not judged to the end on 2 traces') },
    ])
    expect(verdictLines(verdict, (_, text) => text)).toContainEqual(expect.stringContaining('missing here: FIRST'))
  })
})

describe('judged from an archive', () => {
  const traceId = (number: number) => number.toString(16).padStart(32, '0')
  const span = (name: string, service: string) => ({ name, resource: { 'service.name': service } })

  async function store() {
    const archived = memoryStore()
    await archive(archived, [
      recordOf({ traceId: traceId(1), spans: [span('a', 'cart')], atMs: START_MS }),
      recordOf({ traceId: traceId(2), spans: [span('a', 'pay'), { ...span('b', 'pay'), id: 2 }], atMs: START_MS + 1 }),
      recordOf({ traceId: traceId(3), spans: [span('z', 'cart')], atMs: START_MS + 2 }),
      recordOf({ traceId: traceId(4), spans: [span('a', 'cart')], atMs: START_MS - 1 }),
    ])
    return archived
  }

  test('counts what each rule had to say, in the window and before', async () => {
    const verdict = await giveExperimentVerdict(request(), replayOf(await store(), 3))
    expect(verdict).toMatchObject({ traces: 3, signals: 1, before: { traces: 1 } })
    expect(verdict.rules[0]).toMatchObject({
      verdict: 'violated',
      exercised: 2,
      violated: 1,
      before: { exercised: 1, violated: 1 },
      change: 'better',
      first: new Date(START_MS).toISOString(),
      samples: [{ traceId: traceId(1), service: 'cart' }],
    })
  })

  test('of some services counts their traces alone', async () => {
    const verdict = await giveExperimentVerdict(request({ services: ['pay'] }), replayOf(await store(), 3))
    expect(verdict).toMatchObject({ traces: 1, signals: 0, before: { traces: 0 } })
    expect(verdict.rules[0]).toMatchObject({ verdict: 'held', exercised: 1 })
  })

  test('of more bytes than it may be reads nothing, and says so', async () => {
    const verdict = await giveExperimentVerdict(request(), replayOf(await store(), 3, 10))
    expect(verdict).toMatchObject({
      outcome: 'not-exercised',
      failures: [{ reason: expect.stringContaining('too much') }, {}],
    })
  })
})
