import { expect, test } from 'vitest'
import { signalLogRecord } from '../../shared/incidents/otlp-records.ts'
import type { SignalEvent } from '../../shared/pipeline/signal.ts'
import { lyingSignal } from '../text/exits/lies.ts'

const TRACE_ID = '5b8efff798038103d269b633813fc60c'

function signalOf(changes: Partial<SignalEvent> = {}): SignalEvent {
  const signal = lyingSignal('x')
  const data = { ...signal.data, severity: 'high' as const, traceId: TRACE_ID, signal: 'LATE', description: 'too late' }
  return { ...signal, mode: 'live', time: '2026-11-29T12:04:05.000Z', signalid: 'abc', data, ...changes }
}

test('a signal is an event at its trace, with the severity of its rule', () => {
  expect(signalLogRecord(signalOf(), 1)).toMatchObject({
    timeUnixNano: '1795953845000000000',
    observedTimeUnixNano: '1000000',
    severityNumber: 17,
    severityText: 'high',
    eventName: 'betrace.signal',
    body: { stringValue: 'too late' },
    traceId: TRACE_ID,
  })
})

test('a retraction is for information, and ids that OTLP would refuse are left out', () => {
  const retracted = signalOf({ status: 'retracted', data: { ...signalOf().data, traceId: '0'.repeat(32) } })
  const record = signalLogRecord(retracted, Number.NaN)
  expect(record).toMatchObject({ severityNumber: 9, severityText: 'high', observedTimeUnixNano: '0' })
  expect(record).not.toHaveProperty('traceId')
  expect(record).not.toHaveProperty('spanId')
})
