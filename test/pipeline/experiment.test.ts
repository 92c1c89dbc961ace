import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ExperimentEvent,
  eventKey,
  foldExperiment,
  ranDuring,
  windowOf,
} from '../../shared/pipeline/experiment.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { type TestSpan, TRACE_ID, tracesData } from './traces.ts'

const NOW = 1_764_000_000_000
const MAX = 3_600_000
const traceOf = (spans: readonly TestSpan[]) => assembleTrace(TRACE_ID, [tracesData(spans)])

const started: ExperimentEvent = { experiment: 'x', kind: 'started', atMs: NOW, receivedAtMs: NOW, source: 'api' }
const ended: ExperimentEvent = { ...started, kind: 'ended', atMs: NOW + 60_000, receivedAtMs: NOW + 60_000 }
const foldOf = (...events: readonly ExperimentEvent[]) =>
  foldExperiment(events) as NonNullable<ReturnType<typeof foldExperiment>>

const anyEvent = fc.record(
  {
    experiment: fc.constant('x'),
    kind: fc.constantFrom('declared', 'started', 'ended', 'noted'),
    atMs: fc.integer({ min: NOW - 100_000, max: NOW + 900_000 }),
    receivedAtMs: fc.integer({ min: NOW, max: NOW + 500_000 }),
    source: fc.constantFrom('api', 'gremlin'),
    name: fc.constantFrom('a', 'b'),
    labels: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('1', '2')),
    services: fc.array(fc.constantFrom('cart', 'payment'), { maxLength: 2 }),
    outcome: fc.constantFrom('completed', 'failed'),
  },
  { requiredKeys: ['experiment', 'kind', 'receivedAtMs', 'source'] },
) as fc.Arbitrary<ExperimentEvent>

describe('the state of an experiment', () => {
  test('follows from what was said, in whatever order and however often it was received', () => {
    const shuffled = fc.array(anyEvent, { minLength: 1, maxLength: 8 }).chain((events) =>
      fc.record({
        events: fc.constant(events),
        received: fc
          .array(fc.nat(events.length - 1), { maxLength: 8 })
          .chain((again) =>
            fc.shuffledSubarray([...events.keys(), ...again], { minLength: events.length + again.length }),
          ),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ events, received }) => {
        const folded = foldExperiment(received.map((index) => events[index] as ExperimentEvent))
        expect(folded).toEqual(foldExperiment(events))
        expect(windowOf(foldOf(...events), NOW, MAX)).toEqual(folded && windowOf(folded, NOW, MAX))
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  test('does not change when the same is received again later', () => {
    const late = { receivedAtMs: NOW + 9_000_000 }
    const again = [started, { ...ended, ...late }, ended, { ...started, ...late }]
    expect(foldExperiment(again)).toEqual(foldExperiment([started, ended]))
    expect(eventKey({ ...started, ...late })).toBe(eventKey(started))
  })

  test('an event with its keys in another order is the same', () => {
    const { experiment, ...rest } = started
    expect(eventKey({ ...rest, experiment, name: 'n' })).toBe(eventKey({ name: 'n', ...started }))
  })

  test('a declared start counts only while no other is reported', () => {
    const declared: ExperimentEvent = { ...started, kind: 'declared', atMs: NOW - 5_000 }
    expect(foldOf(declared).startMs).toBe(NOW - 5_000)
    expect(foldOf(declared, started).startMs).toBe(NOW)
  })

  test('an event from the future is taken to have happened when it was received, and the clocks are said to differ', () => {
    const ahead = { ...started, atMs: NOW + 3_600_000 }
    expect(foldOf(ahead)).toMatchObject({ startMs: NOW, clockSkew: true })
    expect(foldOf({ ...started, atMs: NOW + 300_000 })).toMatchObject({ startMs: NOW + 300_000, clockSkew: false })
  })
})

describe('the window of an experiment', () => {
  test('lasts from the first start to the last end', () => {
    expect(windowOf(foldOf(started, ended, { ...ended, atMs: NOW + 30_000 }), NOW, MAX)).toMatchObject({
      fromMs: NOW,
      toMs: NOW + 60_000,
      state: 'ended',
      cut: false,
    })
  })

  test('without a start it has no window', () => {
    expect(windowOf(foldOf(ended), NOW, MAX)).toBeUndefined()
  })

  test('without an end it is given up after the longest time', () => {
    expect(windowOf(foldOf(started), NOW + MAX - 1, MAX)).toMatchObject({ toMs: NOW + MAX, state: 'running' })
    expect(windowOf(foldOf(started), NOW + MAX, MAX)).toMatchObject({ toMs: NOW + MAX, state: 'abandoned' })
  })

  test('an end that comes after it was given up still counts, as far as a window may reach', () => {
    const late = { ...ended, atMs: NOW + MAX - 1_000, receivedAtMs: NOW + 2 * MAX }
    expect(windowOf(foldOf(started, late), NOW + 2 * MAX, MAX)).toMatchObject({
      state: 'ended',
      toMs: NOW + MAX - 1_000,
    })
    const beyond = { ...ended, atMs: NOW + MAX + 1_000, receivedAtMs: NOW + 2 * MAX }
    expect(windowOf(foldOf(started, beyond), NOW + 2 * MAX, MAX)).toMatchObject({ toMs: NOW + MAX, cut: true })
  })

  test('an end before the start means that clocks differ: it lasts from the one to the other', () => {
    const experiment = foldOf(started, { ...ended, atMs: NOW - 2_000 })
    expect(experiment.clockSkew).toBe(true)
    expect(windowOf(experiment, NOW, MAX)).toMatchObject({ fromMs: NOW - 2_000, toMs: NOW })
  })
})

describe('a trace ran in a window', () => {
  const window = { id: 'x', fromMs: NOW, toMs: NOW + 1_000, services: [], state: 'ended', cut: false } as const
  const at = (startMs: number, endMs: number) => traceOf([{ name: 'a', id: 1, startMs, endMs }])

  test.each([
    ['ends as the window begins', NOW - 10, NOW, true],
    ['ends before it', NOW - 10, NOW - 1, false],
    ['spans it', NOW - 10, NOW + 2_000, true],
    ['starts in it', NOW + 999, NOW + 5_000, true],
    ['starts as it ends', NOW + 1_000, NOW + 5_000, false],
  ])('if it %s', (_, startMs, endMs, expected) => {
    expect(ranDuring(at(startMs, endMs), window)).toBe(expected)
  })

  test('only if a service of the experiment took part', () => {
    const trace = traceOf([{ name: 'a', id: 1, startMs: NOW, endMs: NOW, service: 'cart' }])
    expect(ranDuring(trace, { ...window, services: ['payment', 'cart'] })).toBe(true)
    expect(ranDuring(trace, { ...window, services: ['payment'] })).toBe(false)
  })
})
