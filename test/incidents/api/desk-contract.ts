import { describe, expect, test } from 'vitest'
import type { IncidentDesk } from '../../../shared/incidents/api/desk.ts'
import { type DeliveryId, type DeliveryRow, newDelivery } from '../../../shared/incidents/delivery.ts'
import { incidentKey, type StoredIncident } from '../../../shared/incidents/incident.ts'
import type { StoredMute } from '../../../shared/incidents/mutes/stored-mute.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { signalOf } from '../events.ts'

const START_MS = 1_764_000_000_000

/** A runtime as far as the desk shows it. */
export interface DeskWorld {
  readonly desk: IncidentDesk
  /** Takes signals in at a time, which the desk goes by from then on; the rule `SHARE` has `// Alert: 1 % in 10m`. */
  take(signals: readonly SignalEvent[], nowMs: number): Promise<void>
  putDelivery(id: DeliveryId, row: DeliveryRow): Promise<void>
}

const MUTE: StoredMute = { id: 'm1', when: 'rule == A', untilMs: START_MS + 1_000, madeMs: START_MS, why: 'moving' }
const ROW = newDelivery({ updates: true, ended: true }, START_MS)

/** What every desk does, whatever it is built on. */
export function incidentDeskContract(open: () => Promise<DeskWorld>): void {
  const rulesOf = (found: readonly StoredIncident[]) => found.map(({ head }) => head.about.rule)

  async function threeIncidents(): Promise<DeskWorld> {
    const world = await open()
    for (const [at, rule] of ['A', 'B', 'C'].entries()) {
      const atMs = START_MS + at * 60_000
      await world.take([signalOf({ rule, trace: at + 1, atMs })], atMs)
    }
    return world
  }

  describe('incidents', () => {
    test('are listed by state, the newest change first, and no more than asked for', async () => {
      const { desk, take } = await threeIncidents()
      expect(rulesOf(await desk.list('open', 10))).toEqual(['C', 'B', 'A'])
      expect(rulesOf(await desk.list('open', 2))).toEqual(['C', 'B'])
      await take([], START_MS + 180_000)
      expect(await desk.endByHand(incidentKey('B', undefined), { why: 'done' })).toBe(true)
      expect(rulesOf(await desk.list('open', 10))).toEqual(['C', 'A'])
      expect(rulesOf(await desk.list('ended', 10))).toEqual(['B'])
      expect(rulesOf(await desk.list('all', 10))).toEqual(['B', 'C', 'A'])
    })

    test('that never opened are neither listed nor found', async () => {
      const { desk, take } = await open()
      await take([signalOf({ rule: 'SHARE', atMs: START_MS })], START_MS)
      expect(await desk.list('all', 10)).toEqual([])
      expect(await desk.keyed(incidentKey('SHARE', undefined), 10)).toEqual([])
    })

    test('are found by the first digits of their keys', async () => {
      const { desk } = await threeIncidents()
      const key = incidentKey('A', undefined)
      for (const digits of [5, 31, 32]) expect(rulesOf(await desk.keyed(key.slice(0, digits), 2))).toEqual(['A'])
      expect(await desk.keyed('', 2)).toHaveLength(2)
      expect(await desk.keyed(`${key}0`, 2)).toEqual([])
    })

    test('have their members, newest first, and those that the same trace opened', async () => {
      const { desk, take } = await open()
      for (const trace of [1, 2, 3]) {
        const atMs = START_MS + trace
        await take([signalOf({ rule: 'A', trace, atMs }), signalOf({ rule: 'B', trace, atMs })], atMs)
      }
      const key = incidentKey('A', undefined)
      expect(await desk.liveMembers(key, 0)).toEqual({ count: 3, newestMs: START_MS + 3 })
      expect((await desk.latest(key, 0, 2)).map(({ firedAtMs }) => firedAtMs)).toEqual([START_MS + 3, START_MS + 2])
      const [{ head } = { head: undefined }] = await desk.keyed(key, 1)
      expect(rulesOf(await desk.openedBy(head?.about.first.traceId ?? '', key, 5))).toEqual(['B'])
    })

    test('end by hand once, with who and why', async () => {
      const { desk } = await threeIncidents()
      const key = incidentKey('A', undefined)
      const hand = { by: 'ana', why: 'rolled back' }
      expect(await desk.endByHand(key, hand)).toBe(true)
      expect(await desk.endByHand(key, { why: 'again' })).toBe(false)
      expect(await desk.endByHand(incidentKey('NONE', undefined), hand)).toBe(false)
      expect(await desk.keyed(key, 1)).toMatchObject([{ head: { state: 'resolved', ended: 'by-hand', hand } }])
    })
  })

  describe('mutes', () => {
    test('hold from when they are made until they end', async () => {
      const { desk } = await open()
      await desk.addMute(MUTE)
      await desk.addMute({ ...MUTE, id: 'm2', madeMs: START_MS + 1, untilMs: START_MS + 2_000 })
      expect(await desk.mutes(10)).toMatchObject([{ id: 'm2' }, MUTE])
      expect(await desk.mutes(1)).toMatchObject([{ id: 'm2' }])
      const active = async (nowMs: number) => (await desk.activeMutes(nowMs)).map(({ id }) => id).toSorted()
      expect(await active(START_MS + 999)).toEqual(['m1', 'm2'])
      expect(await active(START_MS + 1_000)).toEqual(['m2'])
    })

    test('that are removed end then, once, and stay in the list', async () => {
      const { desk } = await open()
      await desk.addMute(MUTE)
      const removed = { ...MUTE, untilMs: START_MS + 500, removedMs: START_MS + 500 }
      expect(await desk.removeMute('m1', START_MS + 500)).toEqual(removed)
      expect(await desk.removeMute('m1', START_MS + 500)).toBeUndefined()
      expect(await desk.removeMute('none', START_MS)).toBeUndefined()
      expect(await desk.activeMutes(START_MS + 500)).toEqual([])
      expect([await desk.mutes(10), await desk.readMute('m1')]).toEqual([[removed], removed])
    })

    test('let receivers look at once at what they held back, and at nothing else', async () => {
      const { desk, putDelivery } = await threeIncidents()
      await desk.addMute(MUTE)
      const dueOf = async (rule: string) => {
        const [{ row } = { row: ROW }] = await desk.deliveriesOf(incidentKey(rule, undefined))
        return row.dueAtMs
      }
      for (const [rule, heldBy] of [
        ['A', 'm1'],
        ['B', 'other'],
      ] as const) {
        const id = { key: incidentKey(rule, undefined), episode: 1, receiver: 'oncall' }
        await putDelivery(id, { ...ROW, heldBy, dueAtMs: MUTE.untilMs })
      }
      await desk.removeMute('m1', START_MS + 500)
      expect([await dueOf('A'), await dueOf('B')]).toEqual([START_MS + 500, MUTE.untilMs])
    })
  })
}
