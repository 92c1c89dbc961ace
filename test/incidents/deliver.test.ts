import { expect, test } from 'vitest'
import { DELIVERY, type Delivered, deliverNow, type Telling } from '../../shared/incidents/deliver.ts'
import { type DeliveryRow, newDelivery, revived } from '../../shared/incidents/delivery.ts'
import { type IncidentHead, incidentSubject } from '../../shared/incidents/incident.ts'
import type { Answer } from '../../shared/incidents/receivers/receiver.ts'
import { signalOf } from './events.ts'

const PAGER = { pages: true, edits: false, dedups: true, target: 'pager' }
const ID = { key: 'k', episode: 1, receiver: 'pager' }

/** One incident and one receiver, in memory. */
class OneDelivery {
  nowMs = 1_000_000
  row: DeliveryRow = newDelivery({ updates: true, ended: true }, 0)
  /** Openings that the receiver was notified of one by one. */
  notified = 0
  readonly said: Telling['change'][] = []
  private head: IncidentHead = {
    ...{ version: 1, state: 'open', episode: 1, opening: 1, fromMs: 0, openedAtMs: 0, changedAtMs: 0 },
    ...{ quietMs: 1, openings: [], alert: { kind: 'each' }, about: incidentSubject(signalOf({ atMs: 0 }), undefined) },
  }

  change(head: Partial<IncidentHead>): void {
    this.head = { ...this.head, ...head, version: this.head.version + 1 }
  }

  deliver(answer: () => Promise<Answer> = async () => ({ outcome: 'taken' })): Promise<Delivered> {
    const context = { settings: DELIVERY, receiver: { traits: PAGER }, now: () => this.nowMs, random: () => 0 }
    return deliverNow(ID, context, {
      readRow: async () => this.row,
      readHead: async () => this.head,
      countLive: async () => 1,
      mutedBy: async () => undefined,
      notifiedSince: async () => this.notified,
      writeRow: async (_, row) => {
        const isNext = this.row.version === row.version - 1
        if (isNext) this.row = row
        return isNext
      },
      tell: async (_, { change }) => {
        this.said.push(change)
        return answer()
      },
    })
  }
}

test('an incident that was part of a flood and opens again is told alone, and so is its end', async () => {
  const one = new OneDelivery()
  one.notified = DELIVERY.floodLimit
  expect(await one.deliver()).toMatchObject({ outcome: 'flooded' })
  one.change({ state: 'resolved', ended: 'held', toMs: 1 })
  await one.deliver()
  expect(one.said).toEqual([])
  one.notified = 0
  one.change({ state: 'open', opening: 2 })
  await one.deliver()
  one.change({ state: 'resolved', ended: 'held', toMs: 2 })
  await one.deliver()
  expect(one.said).toEqual(['opened', 'resolved'])
})

test.each([
  [
    'of a server that starts again',
    (one: OneDelivery) => {
      one.row = revived(one.row, one.nowMs)
    },
  ],
  [
    'of a function whose lease is over',
    (one: OneDelivery) => {
      one.nowMs += DELIVERY.leaseMs
    },
  ],
])('an opening on its way when its sender was killed lands before the end is sent: %s', async (_, takeOver) => {
  const one = new OneDelivery()
  void one.deliver(() => new Promise(() => {}))
  await new Promise(setImmediate)
  takeOver(one)
  expect(await one.deliver()).toMatchObject({ outcome: 'notified', change: 'opened' })
  one.change({ state: 'resolved', ended: 'withdrawn', toMs: 1 })
  expect(await one.deliver()).toMatchObject({ outcome: 'nothing' })
  expect(one.said).toEqual(['opened', 'opened'])
  one.nowMs += DELIVERY.latestArrivalMs + 1
  expect(await one.deliver()).toMatchObject({ outcome: 'notified', change: 'resolved' })
})
