import { expect, test } from 'vitest'
import type { RuleInForce } from '../../shared/incidents/context.ts'
import { endByHand, endIfOver } from '../../shared/incidents/end-incident.ts'
import { type HandEnd, incidentKey, MORE_GROUPS } from '../../shared/incidents/incident.ts'
import { openIfWatched, takeSignal } from '../../shared/incidents/open-incident.ts'
import type { Protocol, SlowSteps } from '../../shared/incidents/store-steps.ts'
import { signalOf, type TestSignal } from './events.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const QUIET_MS = 30 * MINUTE_MS
/** A whole hour. */
const START_MS = 1_700_002_800_000

/** A store of incidents under test. */
export interface IncidentStoreUnderTest {
  readonly steps: SlowSteps
  readonly atomic: boolean
  run<Result>(protocol: Protocol<Result>): Promise<Result>
  /** Notes that traces exercised a rule at a time, and whether they kept it. */
  exercise(rule: string, atMs: number, held: number, broken?: number): Promise<void>
}

/** What every store of incidents must do for the protocol. */
export function incidentStoreContract(open: () => Promise<IncidentStoreUnderTest>): void {
  const rules = new Map<string, RuleInForce>()

  async function start(alert: RuleInForce['alert'] = { kind: 'each' }, rule = 'A') {
    const store = await open()
    rules.clear()
    rules.set(rule, { alert })
    const context = (nowMs: number) => ({
      settings: { quietMs: QUIET_MS, cooldownMs: 2 * HOUR_MS, maxGroups: 2 },
      nowMs,
      atomic: store.atomic,
      ruleOf: (name: string) => rules.get(name),
    })
    const key = incidentKey(rule, undefined)
    return {
      store,
      key,
      take: (given: TestSignal, nowMs = given.atMs) =>
        store.run(takeSignal(signalOf({ rule, ...given }), context(nowMs))),
      look: (nowMs: number, of = key) => store.run(endIfOver(of, undefined, context(nowMs))),
      watch: (nowMs: number) => store.run(openIfWatched(key, context(nowMs))),
      byHand: (nowMs: number, hand?: HandEnd) => store.run(endByHand(key, context(nowMs), hand)),
      head: (of = key) => store.steps.readHead(of),
    }
  }

  test('the first signal opens the incident, and those that follow belong to it', async () => {
    const { take, head, store, key } = await start()
    await take({ trace: 1, atMs: START_MS })
    await take({ trace: 2, atMs: START_MS + 1_000 })
    await take({ trace: 2, atMs: START_MS + 1_000 })
    expect(await head()).toMatchObject({
      version: 1,
      state: 'open',
      episode: 1,
      opening: 1,
      openedAtMs: START_MS,
      about: { rule: 'A', severity: 'critical', service: 'shop', first: { text: 'evidence of trace 1' } },
    })
    expect(await store.steps.liveMembers(key, 0)).toEqual({ count: 2, newestMs: START_MS + 1_000 })
  })

  test('it ends as held when the rule was quiet and, since then, exercised', async () => {
    const { take, look, head, store } = await start()
    await take({ atMs: START_MS })
    await store.exercise('A', START_MS, 0, 1)
    expect(await look(START_MS + 1)).toBe(START_MS + QUIET_MS)
    const overMs = START_MS + QUIET_MS + 1
    expect(await look(overMs)).toBe(overMs + MINUTE_MS)
    expect(await head()).toMatchObject({ state: 'open' })
    await store.exercise('A', START_MS + 5 * MINUTE_MS, 2)
    await look(overMs)
    expect(await head()).toMatchObject({ state: 'open' })
    await store.exercise('A', START_MS + 6 * MINUTE_MS, 1)
    await look(overMs)
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'held', toMs: overMs })
  })

  test('the rarer the rule was broken, the more traces must keep it', async () => {
    const { take, look, head, store } = await start()
    await store.exercise('A', START_MS, 19, 1)
    await take({ atMs: START_MS })
    await store.exercise('A', START_MS + 2 * MINUTE_MS, 40)
    const overMs = START_MS + QUIET_MS
    await look(overMs)
    expect(await head()).toMatchObject({ state: 'open' })
    await store.exercise('A', START_MS + 3 * MINUTE_MS, 200)
    await look(overMs)
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'held' })
  })

  test('it ends as unexercised when nobody tried the rule for a day', async () => {
    const { take, look, head } = await start()
    await take({ atMs: START_MS })
    await look(START_MS + 24 * HOUR_MS - 1)
    expect(await head()).toMatchObject({ state: 'open' })
    await look(START_MS + 24 * HOUR_MS)
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'unexercised' })
  })

  test('it ends as withdrawn once every signal is retracted', async () => {
    const { take, head } = await start()
    await take({ trace: 1, atMs: START_MS })
    await take({ trace: 2, atMs: START_MS })
    const retracted = { status: 'retracted', sequence: 2, firedAtMs: START_MS } as const
    await take({ trace: 1, atMs: START_MS + 5_000, ...retracted })
    expect(await head()).toMatchObject({ state: 'open' })
    await take({ trace: 2, atMs: START_MS + 5_000, ...retracted })
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'withdrawn' })
    // An old delivery of the signal that was retracted.
    await take({ trace: 2, atMs: START_MS }, START_MS + 6_000)
    expect(await head()).toMatchObject({ state: 'resolved', opening: 1 })
  })

  test('a trace that may get more spans withdraws nothing at once', async () => {
    const { take, look, head } = await start()
    await take({ atMs: START_MS })
    await take({ atMs: START_MS + 1, status: 'retracted', sequence: 2, firedAtMs: START_MS, complete: false })
    expect(await head()).toMatchObject({ state: 'open' })
    await look(START_MS + MINUTE_MS)
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'withdrawn' })
  })

  test('it ends as removed when its rule is no longer in force, and by hand when somebody says so', async () => {
    const first = await start()
    await first.take({ atMs: START_MS })
    rules.clear()
    await first.look(START_MS + 1)
    expect(await first.head()).toMatchObject({ state: 'resolved', ended: 'removed' })
    const second = await start()
    expect(await second.byHand(START_MS)).toBe(false)
    await second.take({ atMs: START_MS })
    const hand = { by: 'ana', why: 'rolled back' }
    expect(await second.byHand(START_MS + 1, hand)).toBe(true)
    expect(await second.head()).toMatchObject({ state: 'resolved', ended: 'by-hand', hand })
    await second.take({ trace: 2, atMs: START_MS + 2 })
    expect(await second.head()).not.toHaveProperty('hand')
  })

  test('soon after its end it opens again in the same episode and must be quiet for longer, later in the next one', async () => {
    const { take, byHand, head } = await start()
    await take({ trace: 1, atMs: START_MS })
    await byHand(START_MS + 1_000)
    const againMs = START_MS + 1_000 + 2 * HOUR_MS
    await take({ trace: 2, atMs: againMs })
    expect(await head()).toMatchObject({ episode: 1, opening: 2, quietMs: 2 * QUIET_MS, state: 'open' })
    await byHand(againMs + 1)
    const laterMs = againMs + 2 + 2 * HOUR_MS
    await take({ trace: 3, atMs: laterMs })
    expect(await head()).toMatchObject({ episode: 2, opening: 1, quietMs: 4 * QUIET_MS, fromMs: againMs + 2 })
  })

  test('a signal that fired before the end joins what ended as held, and wakes nobody', async () => {
    const { take, look, head, store } = await start()
    await take({ trace: 1, atMs: START_MS })
    await store.exercise('A', START_MS + 2 * MINUTE_MS, 5)
    const endMs = START_MS + QUIET_MS
    await look(endMs)
    await take({ trace: 2, atMs: START_MS - 1 }, endMs + 1)
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'held' })
    await take({ trace: 3, atMs: endMs - 1 }, endMs + 1)
    expect(await head()).toMatchObject({ state: 'open', opening: 2 })
  })

  test('a rule that alerts at 3 in 10m opens at the third trace, and ends when there were fewer for as long as it must be quiet', async () => {
    const { take, look, head, store } = await start({ kind: 'count', count: 3, windowMs: 10 * MINUTE_MS })
    await take({ trace: 1, atMs: START_MS })
    await take({ trace: 2, atMs: START_MS + 6 * MINUTE_MS })
    await take({ trace: 3, atMs: START_MS + 11 * MINUTE_MS })
    expect(await head()).toBeUndefined()
    await take({ trace: 4, atMs: START_MS + 12 * MINUTE_MS })
    expect(await head()).toMatchObject({ state: 'open', openedAtMs: START_MS + 12 * MINUTE_MS })
    // One more a quarter of an hour later is no reason to stay open.
    await take({ trace: 5, atMs: START_MS + 30 * MINUTE_MS })
    await store.exercise('A', START_MS + 35 * MINUTE_MS, 20)
    const belowMs = START_MS + 16 * MINUTE_MS
    expect(await look(belowMs + QUIET_MS - 1)).toBe(belowMs + QUIET_MS)
    await look(belowMs + QUIET_MS)
    expect(await head()).toMatchObject({ state: 'resolved', ended: 'held' })
  })

  test('a rule that alerts at 10 % in 2m opens once the minute is over, and never by a single trace', async () => {
    const { take, watch, head, store } = await start({ kind: 'share', share: 0.1, windowMs: 2 * MINUTE_MS })
    await store.exercise('A', START_MS, 8, 1)
    await take({ trace: 1, atMs: START_MS + 10_000 })
    await watch(START_MS + MINUTE_MS)
    expect(await head()).toMatchObject({ state: 'none' })
    await store.exercise('A', START_MS + MINUTE_MS, 9, 2)
    await take({ trace: 2, atMs: START_MS + MINUTE_MS + 1 })
    await take({ trace: 3, atMs: START_MS + MINUTE_MS + 2 })
    expect(await head()).toMatchObject({ state: 'none' })
    await watch(START_MS + 2 * MINUTE_MS)
    expect(await head()).toMatchObject({ state: 'open', episode: 1, opening: 1, about: { first: { service: 'shop' } } })
  })

  test('each value of a group has its own incident, until too many are open', async () => {
    const { take, head } = await start()
    const regionOf = (value: string) => ({ name: 'cloud.region', value })
    for (const [trace, region] of ['eu', 'us', 'ap', 'sa', 'eu'].entries()) {
      await take({ trace, atMs: START_MS + trace, group: regionOf(region) })
    }
    const stateOf = async (group: { name: string; value: string }) => (await head(incidentKey('A', group)))?.state
    expect([await stateOf(regionOf('eu')), await stateOf(regionOf('us'))]).toEqual(['open', 'open'])
    expect([await stateOf(regionOf('ap')), await stateOf(regionOf('sa'))]).toEqual([undefined, undefined])
    expect(await stateOf(MORE_GROUPS)).toBe('open')
    const retracted = { status: 'retracted', sequence: 2, atMs: START_MS + 9 } as const
    await take({ ...retracted, trace: 2, firedAtMs: START_MS + 2, group: regionOf('ap') })
    await take({ ...retracted, trace: 3, firedAtMs: START_MS + 3, group: regionOf('sa') })
    expect(await head(incidentKey('A', MORE_GROUPS))).toMatchObject({ state: 'resolved', ended: 'withdrawn' })
  })

  test('the severity of an open incident rises with that of its signals and never falls', async () => {
    const { take, head } = await start()
    for (const severity of ['low', 'high', 'medium'] as const)
      await take({ atMs: START_MS, trace: severity.length, severity })
    expect(await head()).toMatchObject({ version: 2, about: { severity: 'high' } })
  })
}
