import { expect, test } from 'vitest'
import type { PendingSignal, SignalStore } from '../../../shared/pipeline/ports.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'

export interface SignalStoreFixture {
  readonly store: SignalStore
  stored(): Promise<readonly PendingSignal[]>
}

const EVENT: SignalEvent = {
  specversion: '1.0',
  id: 'abc.live.1',
  source: '/betrace',
  type: 'dev.betrace.signal.firing',
  subject: 'a'.repeat(32),
  time: '2025-11-24T16:00:00.000Z',
  datacontenttype: 'application/json',
  signalid: 'abc',
  mode: 'live',
  status: 'firing',
  sequence: 1,
  data: {
    signal: 'R',
    severity: 'high',
    description: 'why',
    tags: ['żółć'],
    ruleRevision: 'r1',
    traceId: 'a'.repeat(32),
    service: 'shop',
    complete: true,
    evidence: { text: 'why', clauses: [], truncated: false },
  },
}

/** What every signal store must do; `open` gives an empty one. */
export function signalStoreContract(name: string, open: () => SignalStoreFixture | Promise<SignalStoreFixture>): void {
  test(`${name}: a signal is stored whole, in shadow mode too, and once however often it comes`, async () => {
    const { store, stored } = await open()
    const signals = [
      { event: EVENT, shadow: false },
      { event: { ...EVENT, id: 'abc.live.2', sequence: 2 }, shadow: true },
    ]
    await store.record(signals.slice(0, 1))
    await store.record(signals)
    await store.record([])
    const found = [...(await stored())].sort((a, b) => a.event.sequence - b.event.sequence)
    expect(found).toEqual(signals)
  })
}
