import { beforeEach, expect, test } from 'vitest'
import { DELIVERY, deliverNow, type Telling } from '../../shared/incidents/deliver.ts'
import { type DeliveryRow, newDelivery } from '../../shared/incidents/delivery.ts'
import type { IncidentHead } from '../../shared/incidents/incident.ts'
import type { Answer } from '../../shared/incidents/receivers/receiver.ts'

const START_MS = 1_764_000_000_000
const ID = { key: 'k', episode: 1, receiver: 'one' }
const REFUSED: Answer = { outcome: 'refused', reason: 'no' }
const UNSURE: Answer = { outcome: 'failed', reason: 'silence', unsure: true }
const TAKEN: Answer = { outcome: 'taken' }

let nowMs: number
let row: DeliveryRow
let head: IncidentHead
let answer: Answer
let told: (readonly [change: Telling['change'], opening: number])[]
beforeEach(() => {
  nowMs = START_MS
  row = newDelivery({ updates: true, ended: true }, nowMs)
  head = { ...opened(1), version: 1 }
  answer = TAKEN
  told = []
})

function opened(opening: number, severity: IncidentHead['about']['severity'] = 'high'): IncidentHead {
  const first = { traceId: 't', service: 's', atMs: START_MS, text: '' }
  const about = { rule: 'A', severity, tags: [], service: 's', first, complete: true, experiments: [] }
  const times = { fromMs: 0, openedAtMs: START_MS, changedAtMs: START_MS, quietMs: 1, openings: [] }
  return { version: opening, state: 'open', episode: 1, opening, ...times, alert: { kind: 'each' }, about }
}

/** Looks again for as long as somebody has to look now; a loop would never end. */
async function look(): Promise<void> {
  const traits = { pages: true, edits: true, dedups: true, target: 't' }
  for (let looks = 0; looks < 20; looks++) {
    const { againMs } = await deliverNow(
      ID,
      { settings: DELIVERY, receiver: { traits }, now: () => nowMs, random: () => 0 },
      {
        readRow: async () => row,
        writeRow: async (_, next) => {
          row = next
          return true
        },
        readHead: async () => head,
        countLive: async () => 1,
        mutedBy: async () => undefined,
        notifiedSince: async () => 0,
        tell: async (_, { change, opening }) => {
          told.push([change, opening])
          return answer
        },
      },
    )
    if (againMs === undefined || againMs > nowMs) return
  }
  throw new Error('a look follows a look without end')
}

/** Whatever is due next, and what follows at once. */
async function lookWhenDue(): Promise<void> {
  nowMs = row.dueAtMs ?? nowMs
  await look()
}

test('an opening that is refused is not sent again', async () => {
  answer = REFUSED
  await look()
  expect(told).toEqual([['opened', 1]])
})

test('an opening that is refused after an attempt that may have been taken is not sent again, and ends', async () => {
  answer = UNSURE
  await look()
  answer = REFUSED
  await lookWhenDue()
  expect(told).toEqual([
    ['opened', 1],
    ['opened', 1],
  ])
  head = { ...head, state: 'resolved', toMs: nowMs }
  answer = TAKEN
  await look()
  await lookWhenDue()
  expect(told.slice(2)).toEqual([['resolved', 1]])
})

test('the next opening is sent once the one that may have been taken has ended', async () => {
  answer = UNSURE
  await look()
  answer = REFUSED
  await lookWhenDue()
  head = opened(2)
  answer = TAKEN
  await look()
  await lookWhenDue()
  expect(told.slice(2)).toEqual([
    ['resolved', 1],
    ['opened', 2],
  ])
})

test('a change that is refused is not sent again, whatever became of an attempt before', async () => {
  await look()
  head = opened(1, 'critical')
  answer = UNSURE
  await look()
  answer = REFUSED
  await lookWhenDue()
  expect(told.map(([change]) => change)).toEqual(['opened', 'updated', 'updated'])
})
