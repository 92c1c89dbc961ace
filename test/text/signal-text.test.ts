import { describe, expect, test } from 'vitest'
import { signalEvent } from '../../shared/pipeline/signal.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { eventText } from '../../shared/text/signal-text.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { TRACE_ID, tracesData } from '../pipeline/traces.ts'

const CONTEXT = { source: '/betrace', mode: 'live', nowMs: 1_764_000_000_000 } as const

function signal(service: string, status: 'firing' | 'retracted' | 'updated' = 'firing', parent?: number) {
  const span = { name: 'charge', id: 1, service, ...(parent === undefined ? {} : { parent }) }
  const metadata = { description: 'no charge\nunpaid', runbook: 'https://runbooks.example', tags: [], mode: 'live' }
  const rule = { name: 'UNPAID', severity: 'high', revision: 'r', metadata } as unknown as CheckedRule
  const trace = assembleTrace(TRACE_ID, [tracesData([span])])
  return signalEvent(trace, { rule, outcome: 'violated' }, { status, state: { sequence: 1 } }, CONTEXT)
}

describe('a signal on the screen', () => {
  test('says what fired, where, why and what to do', () => {
    expect(eventText(signal('shop'), false)).toBe(
      [
        'HIGH UNPAID  2025-11-24T16:00:00.000Z',
        `  trace ${TRACE_ID} · shop`,
        '  no charge',
        '  unpaid',
        '  runbook: https://runbooks.example',
        '',
        '',
      ].join('\n'),
    )
  })

  test('says that its trace is incomplete, that it changed, or that it no longer holds', () => {
    expect(eventText(signal('shop', 'firing', 9), false)).toContain('· shop · incomplete')
    expect(eventText(signal('shop', 'updated'), false)).toMatch(/^updated HIGH UNPAID/)
    expect(eventText(signal('shop', 'retracted'), false)).toMatch(/^retracted HIGH UNPAID/)
    expect(eventText(signal('shop', 'retracted'), false)).toContain('the rule holds by now')
  })

  test('is coloured only where colours are wanted', () => {
    expect(eventText(signal('shop'), true)).toContain('\u001b[31mHIGH\u001b[39m')
    expect(eventText(signal('shop'), false)).not.toContain('\u001b')
  })

  test('cannot rewrite the screen, whatever the spans hold', () => {
    const text = eventText(signal('sh\u001b[2Jop\r\u0007\u009b1A\u202eton\u2028'), false)
    expect(text).toContain('sh\\u001b[2Jop\\r\\u0007\\u009b1A\\u202eton\\u2028')
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u)
  })
})
