import { describe, expect, test } from 'vitest'
import { Senders } from '../../../local/fairness/senders.ts'

const onTime = () => 0

function senders(maxWaitingPerSender = 100, lastFlow = 0) {
  const time = { nowMs: 0 }
  return { time, all: new Senders({ maxWaitingPerSender, maxBehindMs: 1_000 }, lastFlow, () => time.nowMs) }
}

describe('a sender', () => {
  test('has two flows of its own as long as it has requests or traces waiting', () => {
    const { all } = senders()
    const first = all.enter('address 10.0.0.1')
    const second = all.enter('address 10.0.0.2')
    expect([first.flow, second.flow]).toEqual([2, 4])
    all.onWaiting(5, 1)
    all.leave(first)
    all.leave(second)
    expect(all.enter('address 10.0.0.2')).toBe(second)
    expect(all.enter('address 10.0.0.1').flow).toBe(6)
  })

  test('begins above the flows that an earlier process left', () => {
    const { all } = senders(100, 7)
    expect(all.enter('API key 1').flow).toBe(8)
    // Whose they were is not known.
    all.onWaiting(6, -1)
  })

  test('may have traces waiting up to the limit, whatever the others have', () => {
    const { all } = senders()
    const flooding = all.enter('address 10.0.0.1')
    const other = all.enter('address 10.0.0.2')
    all.onWaiting(flooding.flow, 60)
    all.onWaiting(flooding.flow + 1, 30)
    flooding.storing = 9
    expect(all.refusal(flooding, 1, onTime)).toBeUndefined()
    expect(all.refusal(flooding, 2, onTime)).toEqual({
      reason: 'sender-waiting',
      message: '99 traces wait to be judged, 100 may; send this again later',
    })
    expect(all.refusal(other, 100, onTime)).toBeUndefined()
    all.onWaiting(flooding.flow, -1)
    expect(all.refusal(flooding, 2, onTime)).toBeUndefined()
  })

  test('is refused while its traces are judged late, its small requests only where those of small ones are', () => {
    const { all } = senders(1_000)
    const flooding = all.enter('address 10.0.0.1')
    const late = (flow: number) => (behind: number) => (behind === flow ? 1_001 : 0)
    const reason = 'sender-behind'
    expect(all.refusal(flooding, 1, late(flooding.flow))).toMatchObject({ reason })
    expect(all.refusal(flooding, 256, late(flooding.flow + 1))).toBeUndefined()
    expect(all.refusal(flooding, 257, late(flooding.flow + 1))).toMatchObject({ reason })
    expect(all.refusal(flooding, 257, late(flooding.flow + 2))).toBeUndefined()
  })

  test('that was refused is named for ten seconds', () => {
    const { all, time } = senders(0)
    all.refusal(all.enter('API key 2'), 1, onTime)
    expect(all.refused()).toEqual([{ name: 'API key 2', why: '0 traces wait to be judged, 0 may' }])
    time.nowMs += 10_000
    expect(all.refused()).toEqual([])
  })

  test('is one of a few that share a place where there are too many at a time', () => {
    const { all } = senders()
    const flows = new Set(Array.from({ length: 20_000 }, (_, index) => all.enter(`address ${index}`).flow))
    expect(flows.size).toBe(1_064)
    expect(all.enter('address 19999').name).toMatch(/^one of many senders \(\d+\)$/)
    expect(all.enter('address 7').name).toBe('address 7')
  })
})
