import { randomBytes } from 'node:crypto'
import type { Notice } from '../../shared/incidents/notice.ts'
import type { Severity } from '../../shared/rules/ast.ts'

/** An opening that says it is a test, and its end a moment later. */
export function testNotices(severity: Severity, nowMs: number): readonly [opened: Notice, resolved: Notice] {
  const key = `test${randomBytes(6).toString('hex')}`
  const traceId = randomBytes(16).toString('hex')
  const first = { traceId, service: 'betrace', atMs: nowMs, text: 'no trace was judged: this is a test' }
  const opened: Notice = {
    change: 'opened',
    incidentId: `${key}.1`,
    dedupKey: `betrace/${key}.1.1`,
    opening: 1,
    version: 1,
    rule: 'BETRACE_TEST',
    severity,
    description: 'Sent by betrace notify test. Nothing is wrong.',
    tags: [],
    service: 'betrace',
    openedAtMs: nowMs,
    nowMs,
    count: 1,
    countIsAtLeast: false,
    reopened: 0,
    first,
    latest: [first],
    related: [],
    experiments: [],
    source: 'https://betrace.invalid/notify-test',
    test: true,
  }
  return [opened, { ...opened, change: 'resolved', version: 2, endedAtMs: nowMs, ended: 'by-hand' }]
}
