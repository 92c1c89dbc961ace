import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Notice } from '../../../shared/incidents/notice.ts'
import { incidentText } from '../../../shared/incidents/text/incident-text.ts'
import { plainText } from '../../../shared/incidents/text/plain-text.ts'
import { offencesIn } from '../../text/exits/hostile.ts'
import { anyNotice, noticeOf, OPENED_MS, resolvedOf, TRACE } from '../notices.ts'

const HOUR_MS = 3_600_000

test('an open incident as plain text: what, where, since when, how many; the evidence; links; facts', () => {
  expect(plainText(incidentText(noticeOf()))).toBe(`\
PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace

Each payment gets a receipt

Trace 5b8efff798038103d269b633813fc60c of checkout, 2026-11-29 12:04:05 UTC:
  when:
    ✓ trace.has(payment) — 1 span
  always:
    ✗ trace.has(receipt) — no such span

Trace: https://jaeger.example/trace/5b8efff798038103d269b633813fc60c
Runbook: https://docs.example/runbook#receipts

Severity: critical
Service: checkout
Owner: payments
Tags: money
Traces: 1 trace
Opened: 2026-11-29 12:04:05 UTC
Incident: 0123456789abcdef0123456789abcdef.1`)
})

const PERIOD = '130 traces, open for 42 minutes since 2026-11-29 12:04:05 UTC'
const HEADLINES: readonly (readonly [Notice, string])[] = [
  [noticeOf({ opening: 2 }), 'PAYMENT_WITHOUT_RECEIPT broken again in checkout since 2026-11-29 12:04:05 UTC: 1 trace'],
  [
    noticeOf({ group: { name: 'region', value: 'eu' }, count: 10_000, countIsAtLeast: true }),
    'PAYMENT_WITHOUT_RECEIPT broken in checkout (region = eu) since 2026-11-29 12:04:05 UTC: more than 10,000 traces',
  ],
  [noticeOf({ service: '' }), 'PAYMENT_WITHOUT_RECEIPT broken since 2026-11-29 12:04:05 UTC: 1 trace'],
  [resolvedOf(), `PAYMENT_WITHOUT_RECEIPT in checkout held 512 times since; ${PERIOD}`],
  [
    resolvedOf({ ended: 'unexercised' }),
    `PAYMENT_WITHOUT_RECEIPT in checkout closed unexercised: nobody tried it, we do not know; ${PERIOD}`,
  ],
  [
    resolvedOf({ ended: 'withdrawn' }),
    `PAYMENT_WITHOUT_RECEIPT in checkout withdrawn: later spans show that the rule held; ${PERIOD}`,
  ],
  [
    resolvedOf({ ended: 'removed' }),
    `PAYMENT_WITHOUT_RECEIPT in checkout closed: the rule was removed, renamed or put into shadow; ${PERIOD}`,
  ],
  [resolvedOf({ ended: 'by-hand' }), `PAYMENT_WITHOUT_RECEIPT in checkout closed by hand; ${PERIOD}`],
  [
    noticeOf({ test: true }),
    'TEST by betrace notify: PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
  ],
]

test.each(HEADLINES)('the first line, %#', (notice, headline) => {
  expect(incidentText(notice).headline).toBe(headline)
})

const SENTENCES: readonly (readonly [Partial<Notice>, readonly string[]])[] = [
  [{ test: true }, ['This is a test: nothing is wrong, and nothing needs to be done.']],
  [{ exercise: { exercised: 0, held: 0 } }, []],
  [
    { exercise: { exercised: 0, held: 0 }, nowMs: OPENED_MS + 2 * HOUR_MS },
    ['Not exercised since 2026-11-29 12:04:05 UTC, for 2 hours.'],
  ],
  [
    {
      exercise: { exercised: 0, held: 0 },
      nowMs: OPENED_MS + 2 * HOUR_MS,
      latest: [{ ...TRACE, atMs: OPENED_MS + HOUR_MS }],
      group: { name: 'region', value: 'eu' },
    },
    ['Not exercised in any group since 2026-11-29 13:04:05 UTC, for 1 hour.'],
  ],
  [
    { exercise: { exercised: 12, held: 10, lastMs: OPENED_MS + HOUR_MS } },
    ['Since the last violation it held in 10 of 12 traces, last at 2026-11-29 13:04:05 UTC.'],
  ],
  [{ reopened: 3, opening: 4 }, ['Reopened 3 times in 24 hours.']],
  [{ opening: 2 }, ['Opened again: opening 2 of this incident.']],
  [{ experiments: ['exp-1'] }, ['Opened during the experiment exp-1.']],
  [{ experiments: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, ['Opened during the experiments a, b, c, d, e and 2 more.']],
  [
    { related: ['LATE', 'LOST'].map((rule) => ({ incidentId: 'x.1', rule })) },
    ['The first trace also broke LATE and LOST, open too.'],
  ],
  [
    { change: 'resolved', ended: 'unexercised' },
    ['Not exercised since 2026-11-29 12:04:05 UTC: no trace tried the rule, so it may still be broken.'],
  ],
  [{ change: 'resolved', ended: 'by-hand', hand: { by: 'ana', why: 'rolled\nback' } }, ['Closed by ana: rolled back']],
  [{ change: 'resolved', ended: 'by-hand', hand: { why: 'rolled back' } }, ['Closed: rolled back']],
]

test.each(SENTENCES)('the sentences of %j', (changes, sentences) => {
  const { description: _, ...notice } = noticeOf(changes)
  expect(incidentText(notice).sentences).toEqual(sentences)
})

test('a flood names the incidents that it stands for', () => {
  const flood = Array.from({ length: 25 }, (_, i) => ({
    incidentId: `${i}.1`,
    rule: `R${i}`,
    severity: 'high' as const,
  }))
  const { headline, title, facts, sentences } = incidentText(noticeOf({ flood, rule: 'R0', severity: 'high' }))
  expect(title).toBe('25 incidents opened together')
  expect(facts.map(({ name }) => name)).toEqual(['Severity', 'Opened', 'Incident'])
  expect(headline).toBe('25 incidents opened together since 2026-11-29 12:04:05 UTC, the most severe is R0 (high)')
  expect(sentences).toContain('• R19 (high)')
  expect(sentences.at(-1)).toBe('… and 5 more')
  const over = incidentText(resolvedOf({ flood }))
  expect(over.headline).toBe(
    '25 incidents that opened together ended; open for 42 minutes since 2026-11-29 12:04:05 UTC',
  )
})

test('evidence of a trace without a text is that of the newest with one, cut after 20 lines', () => {
  const { text: _, ...silent } = TRACE
  expect(incidentText(noticeOf({ first: silent })).evidence).toBeUndefined()
  const latest = [{ ...TRACE, traceId: 'later', text: 'line\n'.repeat(30) }]
  const { evidence } = incidentText(noticeOf({ first: silent, latest }))
  expect(evidence?.heading).toBe('Trace later of checkout, 2026-11-29 12:04:05 UTC')
  expect(evidence?.lines.slice(-2)).toEqual(['line', '… 11 more lines'])
})

test('a description of several lines is one sentence', () => {
  const { sentences } = incidentText(noticeOf({ description: 'Each payment\n  gets a receipt\n' }))
  expect(sentences).toEqual(['Each payment gets a receipt'])
})

test('a runbook that is a path is a fact, not a link', () => {
  const { links, facts } = incidentText(noticeOf({ runbook: 'docs/runbook.md#receipts' }))
  expect(links.map(({ title }) => title)).toEqual(['Trace'])
  expect(facts).toContainEqual({ name: 'Runbook', value: 'docs/runbook.md#receipts' })
})

test('no text of strangers is invisible, begins a line, or takes more room than it has', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      const text = incidentText(notice)
      expect(text.headline).not.toContain('\n')
      expect(text.headline.length).toBeLessThan(600)
      const plain = plainText(text)
      expect(plain.length).toBeLessThan(25_000)
      expect(offencesIn({ text: plain })).toEqual([])
    }),
  )
})
