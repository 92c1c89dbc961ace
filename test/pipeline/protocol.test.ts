import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Archive, RuleSet, SignalPublisher } from '../../shared/pipeline/ports.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { handleTimers } from '../../shared/pipeline/timers.ts'
import { has, type TestRule, TRACE_ID } from './traces.ts'
import { World } from './world.ts'

const QUIET_MS = 30_000
const CHARGED: TestRule = { name: 'CHARGED', violated: has('charge') }
const CHARGE = { name: 'charge', id: 1 }

const rules = (count: number): readonly TestRule[] =>
  Array.from({ length: count }, (_, index) => ({ ...CHARGED, name: `R${index}` }))

describe('a verdict', () => {
  test('is reached with the fewest reads and writes: two reads, the lease, the pages, the commit', async () => {
    const calls: string[] = []
    const world = new World([CHARGED])
    const buffer = new Proxy(world.buffer, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        calls.push(String(name))
        return method.bind(target)
      },
    })
    await world.send([{ name: 'other', id: 1 }])
    const watched = new World([CHARGED], {}, { ...world.evaluator, buffer, clock: () => world.nowMs + QUIET_MS })
    watched.timers.armed.push(...world.timers.armed)
    await watched.pass(QUIET_MS)
    expect(calls).toEqual(['readMarker', 'newestChunkKey', 'takeLease', 'readChunks', 'commit'])
  })

  test('archives the whole trace under its revision, each time', async () => {
    const world = new World([CHARGED])
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    await world.send([{ name: 'late', id: 2, parent: 1 }])
    await world.pass(QUIET_MS)
    expect(world.archive.entries.map(({ revision, reason, trace }) => [revision, reason, trace.spans.length])).toEqual([
      [1, 'verdict', 1],
      [2, 'verdict', 2],
    ])
    expect(new Set(world.archive.entries.map(({ filing }) => filing.atMs)).size).toBe(1)
  })

  test('with more status changes than are committed at once comes in rounds, and is archived once', async () => {
    const world = new World(rules(25), { maxSignalsPerCommit: 10 })
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    expect(new Set(world.sent).size).toBe(25)
    expect(world.sent).toHaveLength(25)
    expect(world.archive.entries).toHaveLength(1)
    expect(world.counts.get('tracesJudged')).toBe(1)
  })
})

describe('a trace that is history when it arrives', () => {
  const HOUR_MS = 3_600_000
  const OLD = { ...CHARGE, startMs: new World([]).nowMs - 50 * HOUR_MS }

  test('is archived under its own time, as a whole, counted, and neither judged nor sent', async () => {
    const world = new World([CHARGED])
    await world.send([OLD])
    await world.pass(QUIET_MS)
    expect(world.sent).toEqual([])
    const [entry, ...others] = world.archive.entries
    expect([entry?.reason, entry?.revision, entry?.filing]).toEqual(['history', 1, { atMs: OLD.startMs, by: 'start' }])
    expect(others).toEqual([])
    expect(['tracesJudged', 'tracesHistory', 'spansNotJudged'].map((name) => world.counts.get(name as never))).toEqual([
      undefined,
      1,
      1,
    ])
  })

  test('gets more old spans beside it, and is judged once a span of now belongs to it', async () => {
    const world = new World([CHARGED])
    await world.send([OLD])
    await world.pass(QUIET_MS)
    await world.send([{ ...OLD, id: 2, parent: 1 }])
    await world.pass(QUIET_MS)
    expect(world.archive.entries.map(({ reason, trace }) => [reason, trace.spans.length])).toEqual([
      ['history', 1],
      ['late', 1],
    ])
    expect(world.sent).toEqual([])
    await world.send([{ name: 'now', id: 3, parent: 1 }])
    await world.pass(QUIET_MS)
    expect(world.sent).toHaveLength(1)
  })

  test('is judged where one of its spans is younger than the judge window, or has no time', async () => {
    for (const other of [
      { name: 'now', id: 2, parent: 1 },
      { name: 'odd', id: 2, parent: 1, startMs: 0 },
    ]) {
      const world = new World([CHARGED])
      await world.send([OLD, other])
      await world.pass(QUIET_MS)
      expect(world.sent).toHaveLength(1)
    }
  })
})

describe('the partition of a trace', () => {
  const HOUR_MS = 3_600_000

  /** A world whose first verdict is archived, but not committed. */
  function crashing() {
    const world = new World([CHARGED])
    let crashed = false
    const archive: Archive = {
      async write(entry) {
        await world.archive.write(entry)
        if (crashed) return
        crashed = true
        throw new StorageError('unavailable', 'the answer was lost', { hint: 'try again' })
      },
    }
    return Object.assign(world, { evaluator: { ...world.evaluator, archive } })
  }

  test.each([
    ['a complete trace', QUIET_MS, [CHARGE]],
    ['a trace without a root', 120_000, [{ name: 'charge', id: 1, parent: 9 }]],
  ])(
    'of %s stays as it was archived first, though the verdict was lost and an earlier span came',
    async (_, waitMs, spans) => {
      const world = crashing()
      await world.send(spans)
      await world.pass(waitMs)
      expect(world.archive.entries).toHaveLength(1)
      world.nowMs += 1
      await world.send([{ name: 'before', id: 3, parent: 1, startMs: world.nowMs - 2 * HOUR_MS }])
      await world.pass(HOUR_MS)
      expect(world.archive.entries.map(({ trace }) => trace.spans.length)).toEqual([1, 2])
      expect(new Set(world.archive.entries.map(({ filing }) => filing.atMs)).size).toBe(1)
    },
  )

  test('is that of its earliest span, also when that came last of those first judged', async () => {
    const world = new World([CHARGED])
    const startMs = world.nowMs
    await world.send([{ name: 'charge', id: 2, parent: 1, startMs: startMs + 5 }])
    await world.pass(QUIET_MS + 1)
    await world.send([{ name: 'root', id: 1, startMs }])
    await world.pass(QUIET_MS)
    expect(world.archive.entries.map(({ filing }) => filing.atMs)).toEqual([startMs])
  })
})

describe('a rule that gave up on a trace', () => {
  test('neither fires nor retracts, and is counted', async () => {
    let outcome: 'violated' | 'inconclusive' | 'satisfied' = 'violated'
    const world = new World([{ name: 'COSTLY', violated: () => outcome as 'violated' }])
    const judgeAgain = async (id: number) => {
      await world.send([{ name: 'x', id, ...(id === 1 ? {} : { parent: 1 }) }])
      await world.pass(QUIET_MS)
    }
    await judgeAgain(1)
    outcome = 'inconclusive'
    await judgeAgain(2)
    expect(world.sent).toEqual(['COSTLY firing 1'])
    expect(world.counts.get('verdictsInconclusive')).toBe(1)
    outcome = 'satisfied'
    await judgeAgain(3)
    expect(world.sent).toEqual(['COSTLY firing 1', 'COSTLY retracted 2'])
  })
})

describe('a signal', () => {
  test('that holds again after it was retracted fires again under its identity', async () => {
    const world = new World([{ name: 'ODD', violated: (trace) => trace.spans.length % 2 === 1 }])
    for (let id = 1; id <= 4; id++) {
      await world.send([{ name: 'x', id, ...(id === 1 ? {} : { parent: 1 }) }])
      await world.pass(QUIET_MS)
    }
    expect(world.sent).toEqual(['ODD firing 1', 'ODD retracted 2', 'ODD firing 3', 'ODD retracted 4'])
    const ids = world.signals.recorded.map(({ event }) => event.signalid)
    expect(new Set(ids).size).toBe(1)
  })

  test('of a rule that leaves shadow mode is sent when its trace is judged again', async () => {
    const world = new World([{ ...CHARGED, mode: 'shadow' }])
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    expect(world.sent).toEqual([])
    world.rules = new World([CHARGED]).rules
    await world.send([{ name: 'late', id: 2, parent: 1 }])
    await world.pass(QUIET_MS)
    expect(world.sent).toEqual(['CHARGED firing 2'])
  })

  test('that was never sent is not retracted in public', async () => {
    const onlyOne: TestRule = { name: 'ALONE', violated: (trace) => trace.spans.length === 1 }
    const world = new World([{ ...onlyOne, mode: 'shadow' }])
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    world.rules = new World([onlyOne]).rules
    await world.send([{ name: 'late', id: 2, parent: 1 }])
    await world.pass(QUIET_MS)
    expect(world.sent).toEqual([])
    expect(world.signals.recorded.map(({ event }) => event.status)).toEqual(['firing', 'retracted'])
  })

  test('that a subscriber does not take is sent again, and only that one', async () => {
    let refused = 0
    const world = new World(rules(3))
    const publisher: SignalPublisher = {
      async publish(events) {
        const failing = events.filter(({ id }) => id === events[1]?.id && refused++ < 2)
        await world.publisher.publish(events.filter((event) => !failing.includes(event)))
        return failing.map((event) => ({ event, reason: 'busy' }))
      },
    }
    const flaky = new World(rules(3), {}, { publisher })
    await flaky.send([CHARGE])
    await flaky.pass(QUIET_MS)
    expect(world.sent).toEqual(['R0 firing 1', 'R2 firing 1'])
    for (let waits = 0; waits < 5; waits++) await flaky.pass(900_000)
    expect(world.sent).toEqual(['R0 firing 1', 'R2 firing 1', 'R1 firing 1'])
    expect(flaky.signals.recorded).toHaveLength(3)
  })
})

describe('a trace beyond the size limits', () => {
  const spans = (count: number, from = 1) =>
    Array.from({ length: count }, (_, index) => ({
      name: index + from === 1 ? 'root' : 'x',
      id: index + from,
      ...(index + from === 1 ? {} : { parent: 1 }),
    }))

  test.each([
    ['spans', { maxTraceSpans: 10 }, 11],
    ['chunks', { maxTraceChunks: 10 }, 11],
    ['bytes', { maxTraceBytes: 1_000 }, 30],
  ])('of %s is judged on what is within, truncated and incomplete; the rest is archived', async (_, limits, count) => {
    const world = new World([{ name: 'ROOTED', violated: has('root') }], limits)
    for (const span of spans(count)) {
      await world.send([span])
      world.nowMs += 10
    }
    await world.pass(QUIET_MS)
    expect(world.publisher.published[0]?.data).toMatchObject({ signal: 'ROOTED', complete: false })
    expect(world.counts.get('tracesTruncated')).toBe(1)
    const archived = new Set(world.archive.entries.flatMap(({ chunks }) => chunks.map(({ key }) => key)))
    expect(archived.size).toBe(count)
  })

  test('is archived in portions, each of at most as many spans as are read of a trace', async () => {
    const world = new World([{ name: 'ROOTED', violated: has('root') }], { maxTraceSpans: 5 })
    for (const from of [1, 7, 13, 19, 25]) {
      await world.send(spans(6, from))
      world.nowMs += 10
    }
    await world.pass(QUIET_MS)
    const sizes = world.archive.entries.map(({ reason, chunks }) => [
      reason,
      ...chunks.map(({ spanCount }) => spanCount),
    ])
    expect(sizes.toSorted()).toEqual([...Array.from({ length: 4 }, () => ['late', 6]), ['verdict', 6]])
    expect(world.counts.get('spansNotJudged')).toBe(25)
  })

  test('is not judged again: what comes later is archived', async () => {
    const world = new World([{ name: 'ROOTED', violated: has('root') }], { maxTraceChunks: 3 })
    for (const span of spans(5)) {
      await world.send([span])
      world.nowMs += 10
    }
    await world.pass(QUIET_MS)
    const before = world.archive.entries.length
    await world.send(spans(1, 9))
    await world.pass(QUIET_MS)
    expect(world.counts.get('tracesJudged')).toBe(1)
    expect(world.archive.entries.slice(before).map(({ reason, trace }) => [reason, trace.spans.length])).toEqual([
      ['late', 1],
    ])
    expect(world.counts.get('spansNotJudged')).toBe(3)
  })

  test('is not reached by a request that was sent over and over', async () => {
    const world = new World([{ name: 'ROOTED', violated: has('root') }], { maxTraceChunks: 3, maxTraceSpans: 5 })
    const same = spans(4).map((span) => ({ ...span, startMs: world.nowMs }))
    for (let sent = 0; sent < 20; sent++) {
      await world.send(same)
      world.nowMs += 10
    }
    await world.pass(QUIET_MS)
    expect(world.publisher.published[0]?.data).toMatchObject({ complete: true })
    expect(world.counts.get('tracesTruncated')).toBeUndefined()
  })
})

describe('a timer that fails', () => {
  const failing = (error: Error, settings = {}) => {
    const broken: RuleSet = {
      ...new World([CHARGED]).rules,
      judge: () => {
        throw error
      },
    }
    const world = new World([CHARGED], settings)
    world.rules = broken
    return world
  }

  test('for a lasting reason is buried after five attempts', async () => {
    const world = failing(new TypeError('a bug'))
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    for (let waits = 0; waits < 10; waits++) await world.pass(900_000)
    expect(world.timers.buried).toMatchObject([{ traceId: TRACE_ID, attempt: 5 }])
    expect(world.timers.armed).toEqual([])
    expect(world.counts.get('timersBuried')).toBe(1)
  })

  test('because a store is out of reach comes back for hours, later each time', async () => {
    const world = failing(new StorageError('unavailable', 'no answer'), { maxTraceAgeMs: 10 * 3_600_000 })
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    const waits: number[] = []
    for (let attempt = 1; attempt <= 8; attempt++) {
      const [timer] = world.timers.armed
      waits.push(((timer?.dueAtMs ?? 0) - world.nowMs) / 1000)
      await world.pass((timer?.dueAtMs ?? 0) - world.nowMs)
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 900])
    world.rules = new World([CHARGED]).rules
    await world.pass(900_000)
    expect(world.sent).toEqual(['CHARGED firing 1'])
  })

  test('and cannot even be set back is left to its caller', async () => {
    const world = failing(new TypeError('a bug'))
    await world.send([CHARGE])
    world.timers.arm = async () => {
      throw new StorageError('unavailable', 'no queue')
    }
    expect(await world.pass(QUIET_MS)).toMatchObject([{ traceId: TRACE_ID, attempt: 0 }])
  })

  test('does not keep the lease, so that the next attempt need not wait for its end', async () => {
    const world = failing(new TypeError('a bug'), { leaseMs: 100_000_000 })
    await world.send([CHARGE])
    await world.pass(QUIET_MS)
    expect((await world.buffer.readMarker(TRACE_ID))?.lease).toBeUndefined()
    world.rules = new World([CHARGED]).rules
    await world.pass(10_000)
    expect(world.sent).toEqual(['CHARGED firing 1'])
  })
})

describe('signals past the rate of their rule', () => {
  const flood = async (world: World, count: number) => {
    for (let number = 0; number < count; number++) await world.send([CHARGE], String(number).padStart(32, '0'))
    await world.pass(QUIET_MS)
  }

  test('are stored, part of their incident, counted, and not published', async () => {
    const world = new World([CHARGED], { maxSignalsPerMinute: 3 })
    await flood(world, 20)
    await world.pass(600_000)
    expect(world.sent).toEqual(['CHARGED firing 1', 'CHARGED firing 1', 'CHARGED firing 1'])
    expect(world.signals.recorded).toHaveLength(20)
    expect(world.incidents.taken).toHaveLength(20)
    expect(world.counts.get('signalsSuppressed')).toBe(17)
  })

  test('leave the signals of other rules alone', async () => {
    const world = new World([CHARGED, { name: 'RARE', violated: (trace) => trace.traceId.endsWith('9') }], {
      maxSignalsPerMinute: 3,
    })
    await flood(world, 20)
    expect(world.sent.filter((each) => each.startsWith('RARE'))).toHaveLength(2)
  })
})

test('a chunk is not left to the timer of a newer one whose evaluator read the trace before and outlived its lease', async () => {
  const world = new World([CHARGED])
  const sentMs = world.nowMs
  // This ingest function's clock is ahead of the other's.
  world.nowMs = sentMs + 20_000
  await world.send([CHARGE])
  world.nowMs += QUIET_MS
  let go = () => {}
  const stalled = new Promise<void>((resolve) => {
    go = resolve
  })
  const archive: Archive = {
    write: async (entry) => {
      await stalled
      await world.archive.write(entry)
    },
  }
  const stalling = handleTimers({ ...world.evaluator, archive }, world.timers.armed.splice(0))
  await setImmediate()
  const nowMs = world.nowMs
  world.nowMs = sentMs
  const late = await world.send([{ name: 'other', id: 2, parent: 1 }])
  world.nowMs = nowMs
  await world.pass(world.evaluator.settings.leaseMs + 1)
  go()
  await stalling
  await world.pass(10 * world.evaluator.settings.leaseMs)
  expect(world.buffer.markers.get(TRACE_ID)?.seen).toContain(late.key)
  expect(world.sent).toEqual(['CHARGED firing 1'])
})

test('a late span is judged, although its trace was read under a lease that a crash had left when a request came again', async () => {
  const world = new World([CHARGED, { name: 'REFUNDED', violated: has('refund') }])
  const startMs = world.nowMs
  await world.send([{ ...CHARGE, startMs }])
  await world.pass(QUIET_MS)
  const judged = await world.buffer.readMarker(TRACE_ID)
  await world.buffer.takeLease(TRACE_ID, judged, { token: 'crashed', untilMs: world.nowMs })
  const committed: object[] = []
  const commit = world.buffer.commit.bind(world.buffer)
  world.buffer.commit = async (traceId, token, verdict) => {
    committed.push(verdict)
    return commit(traceId, token, verdict)
  }
  world.nowMs += 1
  await world.send([{ ...CHARGE, startMs }])
  await world.pass(QUIET_MS)
  expect(committed.map((verdict) => Object.keys(verdict).sort())).toEqual([
    ['filing', 'pending', 'seen', 'signals', 'truncated', 'verdicts'],
  ])
  await world.send([{ name: 'refund', id: 2, parent: 1 }])
  await world.pass(QUIET_MS)
  expect(world.sent).toEqual(['CHARGED firing 1', 'REFUNDED firing 1'])
})
