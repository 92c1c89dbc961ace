import { describe, expect, test } from 'vitest'
import { onChunksRemoved } from '../../shared/pipeline/rescue.ts'
import { ruleSetOf } from '../../shared/pipeline/rule-set.ts'
import { has, type TestRule, TRACE_ID } from './traces.ts'
import { World } from './world.ts'

const QUIET_MS = 5_000
const RECEIPT = `// Signal: RECEIPT_MISSING (high)
when { trace.has(charge) as c } always { c before receipt within 20s }
// Signal: CHARGED (high)
trace.has(charge)
`
const ROOT = { name: 'request', id: 1 }
const CHARGE = { name: 'charge', id: 2, parent: 1 }
const ANSWER = { name: 'receipt', id: 3, parent: 1 }

function worldWith(rules: string, settings = {}): World {
  const world = new World([], { quietPeriodMs: QUIET_MS, incompleteWaitMs: QUIET_MS, ...settings })
  world.rules = ruleSetOf([{ file: 'test.rules', text: rules }])
  return world
}

/** The span that a rule awaits comes so long after the trace went quiet. */
async function answeredAfter(ms: number, rules = RECEIPT): Promise<World> {
  const world = worldWith(rules)
  await world.send([ROOT, CHARGE])
  for (let left = ms; left > 0; left -= 1_000) await world.pass(Math.min(1_000, left))
  await world.send([ANSWER])
  for (let left = 120; left > 0; left--) await world.pass(1_000)
  return world
}

describe('a violation that a later span may still end', () => {
  test('is never sent where the span comes in time, however long the trace was quiet', async () => {
    expect((await answeredAfter(12_000)).sent).toEqual(['CHARGED firing 1'])
    expect((await answeredAfter(19_000)).sent).toEqual(['CHARGED firing 1'])
  })

  test('is sent once the time the rule allows, and the quiet period after it, are over', async () => {
    const world = worldWith(RECEIPT)
    await world.send([ROOT, CHARGE])
    await world.pass(QUIET_MS)
    expect(world.sent).toEqual(['CHARGED firing 1'])
    await world.pass(20_000 - 1)
    expect(world.sent).toEqual(['CHARGED firing 1'])
    await world.pass(1)
    expect(world.sent).toEqual(['CHARGED firing 1', 'RECEIPT_MISSING firing 1'])
    expect(world.archive.entries).toHaveLength(1)
    expect(world.buffer.markers.get(TRACE_ID)).toMatchObject({ verdicts: 1, pending: [] })
    expect(world.buffer.markers.get(TRACE_ID)?.waiting).toBeUndefined()
    expect(world.timers.armed).toEqual([])
  })

  test('is counted, and named in the marker with the end of its wait', async () => {
    const world = worldWith(RECEIPT)
    await world.send([ROOT, CHARGE])
    const sentMs = world.nowMs
    await world.pass(QUIET_MS)
    expect(world.counts.get('tracesWaiting')).toBe(1)
    const waiting = { untilMs: sentMs + 20_000 + QUIET_MS, rules: ['RECEIPT_MISSING'] }
    expect(world.buffer.markers.get(TRACE_ID)?.waiting).toEqual(waiting)
  })

  test('waits by the clock of arrival, wherever the clock of the spans is', async () => {
    for (const skewMs of [-3_600_000, 3_600_000]) {
      const world = worldWith(RECEIPT)
      await world.send([ROOT, CHARGE].map((span) => ({ ...span, startMs: world.nowMs + skewMs })))
      await world.pass(QUIET_MS)
      await world.pass(19_999)
      expect(world.sent).toEqual(['CHARGED firing 1'])
      await world.pass(1)
      expect(world.sent).toContain('RECEIPT_MISSING firing 1')
    }
  })

  test('waits no longer than a trace may take', async () => {
    const world = worldWith(RECEIPT.replace('20s', '2h'), { maxTraceAgeMs: 60_000 })
    await world.send([ROOT, CHARGE])
    await world.pass(59_999)
    expect(world.sent).toEqual(['CHARGED firing 1'])
    await world.pass(1)
    expect(world.sent).toContain('RECEIPT_MISSING firing 1')
  })

  test('is sent when the rescue finds it, where its timer was lost', async () => {
    const world = worldWith(RECEIPT)
    const chunk = await world.send([ROOT, CHARGE])
    await world.pass(QUIET_MS)
    world.timers.armed.splice(0)
    await world.pass(7 * 24 * 3_600_000)
    world.buffer.remove(TRACE_ID, chunk.key)
    await onChunksRemoved(world.evaluator, TRACE_ID, [chunk])
    expect(world.sent).toContain('RECEIPT_MISSING firing 1')
  })

  test('that was sent before stays, and is taken back when a span ends it after all', async () => {
    const world = await answeredAfter(40_000, RECEIPT.replace('20s', '30s').replace('before', 'starts before'))
    expect(world.sent).toEqual(['CHARGED firing 1', 'RECEIPT_MISSING firing 1'])
    const late = worldWith(RECEIPT)
    await late.send([ROOT, CHARGE])
    await late.pass(60_000)
    await late.send([{ ...ANSWER, startMs: late.nowMs - 45_000 }])
    await late.pass(QUIET_MS)
    expect(late.sent).toEqual(['RECEIPT_MISSING firing 1', 'CHARGED firing 1', 'RECEIPT_MISSING retracted 2'])
  })
})

describe('// Wait: 2m', () => {
  const SLOW = `// Signal: UNSHIPPED (high)
// Wait: 2m
trace.has(charge) and not trace.has(receipt)
`

  test('keeps a violation back until no span has come for so long', async () => {
    const world = worldWith(SLOW)
    await world.send([ROOT, CHARGE])
    await world.pass(100_000)
    await world.send([{ name: 'other', id: 4, parent: 1 }])
    await world.pass(119_999)
    expect(world.sent).toEqual([])
    await world.pass(1)
    expect(world.sent).toEqual(['UNSHIPPED firing 1'])
  })

  test('sends nothing where the span comes meanwhile', async () => {
    expect((await answeredAfter(110_000, SLOW)).sent).toEqual([])
  })
})

test('a rule whose violation waits hides no other status change of its trace', async () => {
  const patient: TestRule = { name: 'PATIENT', waitMs: 60_000, violated: has('charge') }
  const settled: TestRule = { name: 'UNANSWERED', violated: (trace) => has('charge')(trace) && !has('receipt')(trace) }
  const world = new World([patient, settled], { quietPeriodMs: QUIET_MS })
  await world.send([ROOT, CHARGE])
  await world.pass(QUIET_MS)
  await world.send([ANSWER])
  await world.pass(QUIET_MS)
  expect(world.sent).toEqual(['UNANSWERED firing 1', 'UNANSWERED retracted 2'])
  await world.pass(60_000)
  expect(world.sent.at(-1)).toBe('PATIENT firing 1')
})
