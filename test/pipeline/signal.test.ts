import { describe, expect, test } from 'vitest'
import { signalEvent, signalId } from '../../shared/pipeline/signal.ts'
import { statusChanges } from '../../shared/pipeline/status.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { judge } from '../../shared/rules/judge/judge.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { TRACE_ID, tracesData } from './traces.ts'

const CONTEXT = { source: '/betrace/staging', mode: 'live', nowMs: 1_764_000_000_123 } as const

const RULE = `// Signal: UNVALIDATED (critical)
// Description: no charge without a validated cart
// Runbook: https://runbooks.example/payments
// Owner: payments
// Tags: soc2:cc6.1, money
trace.has(payment.charge) and not trace.has(cart.validate)`

const CHARGE = { name: 'payment.charge', id: 1, service: 'payments' }

function judged(rule = RULE, spans: Parameters<typeof tracesData>[0] = [CHARGE]) {
  const { rules, problems } = checkRules([{ file: 'a.rules', text: rule }])
  expect(problems).toEqual([])
  const trace = assembleTrace(TRACE_ID, [tracesData(spans)])
  const [verdict] = judge(compileRules(rules), trace)
  if (verdict === undefined) throw new Error('no verdict')
  return { trace, verdict }
}

describe('a signal', () => {
  test('is a CloudEvent that says what is wrong, where and why', () => {
    const { trace, verdict } = judged()
    const event = signalEvent(trace, verdict, { status: 'updated', state: { sequence: 3 } }, CONTEXT)
    const signalid = signalId(TRACE_ID, 'UNVALIDATED', verdict.rule.revision)
    expect(JSON.parse(JSON.stringify(event))).toEqual({
      specversion: '1.0',
      id: `${signalid}.live.3`,
      source: '/betrace/staging',
      type: 'dev.betrace.signal.updated',
      subject: TRACE_ID,
      time: '2025-11-24T16:00:00.123Z',
      datacontenttype: 'application/json',
      signalid,
      mode: 'live',
      status: 'updated',
      sequence: 3,
      data: {
        signal: 'UNVALIDATED',
        severity: 'critical',
        description: expect.stringMatching(/^no charge without a validated cart\n✓ .*\n.*\n✓ .*cart\.validate/),
        ruleDescription: 'no charge without a validated cart',
        runbook: 'https://runbooks.example/payments',
        owner: 'payments',
        tags: ['soc2:cc6.1', 'money'],
        ruleRevision: verdict.rule.revision,
        traceId: TRACE_ID,
        service: 'payments',
        complete: true,
        evidence: expect.objectContaining({ truncated: false, text: expect.stringContaining('cart.validate') }),
      },
    })
  })

  test('has extension attributes that CloudEvents allows: lower-case letters and digits', () => {
    const { trace, verdict } = judged()
    for (const name of Object.keys(signalEvent(trace, verdict, { status: 'firing', state: { sequence: 1 } }, CONTEXT)))
      expect(name).toMatch(/^[a-z0-9]+$/)
  })

  test('keeps its identity when layout, severity or description of its rule change, not when its meaning does', () => {
    const id = (rule: string) => {
      const { trace, verdict } = judged(rule)
      return signalEvent(trace, verdict, { status: 'firing', state: { sequence: 1 } }, CONTEXT).signalid
    }
    expect(id(RULE.replace(' and ', '\n  and ').replace('(critical)', '(low)'))).toBe(id(RULE))
    expect(id(RULE.replace('cart.validate', 'basket.validate'))).not.toBe(id(RULE))
    expect(id(RULE.replace('UNVALIDATED', 'OTHER'))).not.toBe(id(RULE))
  })

  test('has an identity that no other cut of the same letters shares', () => {
    expect(signalId('a', 'bc', 'd')).not.toBe(signalId('ab', 'c', 'd'))
    expect(signalId('a', 'b', 'c')).toMatch(/^[0-9a-f]{32}$/)
  })

  test('carries at most 16 KiB of evidence, whatever the trace holds', () => {
    const name = `x${'żółć\u0000"'.repeat(400)}`
    const spans = Array.from({ length: 300 }, (_, index) => ({ name, id: index + 1, service: '\u0001'.repeat(900) }))
    const { trace, verdict } = judged('// Signal: ANY (low)\ntrace.count(any) > 3 and trace.has(any)', spans)
    const { evidence } = signalEvent(trace, verdict, { status: 'firing', state: { sequence: 1 } }, CONTEXT).data
    expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThanOrEqual(16 * 1024)
    expect(evidence.clauses.map(({ spanCount }) => spanCount)).toContain(300)
  })

  test('has a description for pagers, of what the rule is about and why it fired, in about 2,000 characters', () => {
    const spans = Array.from({ length: 9 }, (_, index) => ({ name: `${'n'.repeat(110)}${index}`, id: index + 1 }))
    const rule = `// Signal: MANY (low)\n// Description: too much\n${spans.map(({ name }) => name).join(' and ')}`
    const { trace, verdict } = judged(rule, spans)
    const { description, evidence } = signalEvent(
      trace,
      verdict,
      { status: 'firing', state: { sequence: 1 } },
      CONTEXT,
    ).data
    expect(description.length).toBeLessThan(2_050)
    const lines = description.split('\n')
    expect(lines[0]).toBe('too much')
    expect(evidence.text.split('\n').slice(0, lines.length - 2)).toEqual(lines.slice(1, -1))
    expect(lines.at(-1)).toBe(`… ${evidence.text.split('\n').length - lines.length + 2} more lines`)
  })

  test('that is retracted says that its rule holds', () => {
    const { trace, verdict } = judged()
    const { description, firedAt } = signalEvent(
      trace,
      { ...verdict, outcome: 'satisfied' },
      { status: 'retracted', state: { sequence: 2, firedAtMs: 1_700_000_000_000 } },
      CONTEXT,
    ).data
    expect(description).toBe('no charge without a validated cart\nthe rule holds by now')
    expect(firedAt).toBe('2023-11-14T22:13:20.000Z')
  })

  test.each([
    ['service.name', 'payments'],
    ['cloud.region', '(none)'],
  ])('belongs to the incidents of its group: %s', (name, value) => {
    const { trace, verdict } = judged(RULE.replace('// Owner', `// Group: ${name}\n// Owner`))
    const { group } = signalEvent(trace, verdict, { status: 'firing', state: { sequence: 1 } }, CONTEXT).data
    expect(group).toEqual({ name, value })
  })
})

test('a rule that is not among the verdicts changes nothing about its signals', () => {
  const { trace, verdict } = judged()
  const first = statusChanges(trace, [verdict], [], CONTEXT, 10)
  expect(first.changes).toHaveLength(1)
  expect(statusChanges(trace, [], first.states, CONTEXT, 10)).toEqual({
    states: first.states,
    changes: [],
    more: false,
  })
})
