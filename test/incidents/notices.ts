import fc from 'fast-check'
import type { Notice, WitnessTrace } from '../../shared/incidents/notice.ts'
import { HOSTILE } from '../text/exits/hostile.ts'

const KEY = '0123456789abcdef0123456789abcdef'
export const OPENED_MS = Date.UTC(2026, 10, 29, 12, 4, 5)

export const TRACE: WitnessTrace = {
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  service: 'checkout',
  atMs: OPENED_MS,
  text: 'when:\n  ✓ trace.has(payment) — 1 span\nalways:\n  ✗ trace.has(receipt) — no such span',
  link: 'https://jaeger.example/trace/5b8efff798038103d269b633813fc60c',
}

/** An incident that has just opened, with changes. */
export function noticeOf(changes: Partial<Notice> = {}): Notice {
  return {
    change: 'opened',
    incidentId: `${KEY}.1`,
    dedupKey: `betrace/${KEY}.1.1`,
    opening: 1,
    version: 1,
    rule: 'PAYMENT_WITHOUT_RECEIPT',
    severity: 'critical',
    description: 'Each payment gets a receipt',
    owner: 'payments',
    tags: ['money'],
    service: 'checkout',
    runbook: 'https://docs.example/runbook#receipts',
    openedAtMs: OPENED_MS,
    nowMs: OPENED_MS + 30_000,
    count: 1,
    countIsAtLeast: false,
    reopened: 0,
    first: TRACE,
    latest: [],
    related: [],
    experiments: [],
    source: '/betrace',
    ...changes,
  }
}

/** The same incident when it has ended. */
export function resolvedOf(changes: Partial<Notice> = {}): Notice {
  return noticeOf({
    change: 'resolved',
    version: 3,
    ended: 'held',
    endedAtMs: OPENED_MS + 42 * 60_000,
    nowMs: OPENED_MS + 42 * 60_000,
    count: 130,
    exercise: { exercised: 512, held: 512, lastMs: OPENED_MS + 41 * 60_000 },
    ...changes,
  })
}

/** Texts that strangers may write: of any kind and length, or made to do harm. */
const HARMFUL = [
  ...HOSTILE,
  '',
  '<!channel> <!here> <@U123> <https://evil.example|bank>',
  '@everyone @here @channel <@&123> <#1>',
  '*bold* _it_ `code` ```\nblock``` [a](http://b) ![x](y) > q # h | t ~s~ ||spoiler||',
  '"\'\\\u0000{{x}} $y %s &amp; &lt; </script>',
  '\u202e\u2066\u200b\u{e0041}\ud800',
  '\u0000'.repeat(3_000),
  '💥'.repeat(40_000),
  'x'.repeat(65_536),
  '<&>'.repeat(20_000),
]
/** Any UTF-16 units, halves of pairs among them; `fc.string` of all characters takes seconds to be made. */
export const anyUnits = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.constantFrom(0xd83d, 0xdca5)), { maxLength: 100 })
  .map((units) => String.fromCharCode(...units))
const anyText = fc.oneof(fc.constantFrom(...HARMFUL), anyUnits, fc.string({ maxLength: 40 }))
const optionally = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })
const time = fc.integer({ min: 0, max: 4e12 })
const count = fc.integer({ min: 0, max: 1e9 })
const severity = fc.constantFrom('critical', 'high', 'medium', 'low', 'info')

const witness = fc.record(
  { traceId: id, spanId: id.map((each) => each.slice(16)), service: anyText, atMs: time, text: anyText, link: anyText },
  { requiredKeys: ['traceId', 'service', 'atMs'] },
)

/** Any notice whose texts strangers wrote; ids, numbers and words are ours. */
export const anyNotice: fc.Arbitrary<Notice> = fc
  .record({
    change: fc.constantFrom('opened', 'updated', 'resolved'),
    key: id,
    episode: fc.integer({ min: 1, max: 99 }),
    opening: fc.integer({ min: 1, max: 99 }),
    version: count,
    rule: anyText.filter((text) => text !== ''),
    severity,
    description: optionally(anyText),
    owner: optionally(anyText),
    tags: fc.array(anyText, { maxLength: 30 }),
    service: anyText,
    group: optionally(fc.record({ name: anyText, value: anyText })),
    runbook: optionally(anyText),
    openedAtMs: time,
    endedAtMs: optionally(time),
    ended: optionally(fc.constantFrom('held', 'unexercised', 'withdrawn', 'removed', 'by-hand')),
    hand: optionally(fc.record({ by: anyText, why: anyText }, { requiredKeys: ['why'] })),
    nowMs: time,
    count,
    countIsAtLeast: fc.boolean(),
    exercise: optionally(
      fc.record({ exercised: count, held: count, lastMs: time }, { requiredKeys: ['exercised', 'held'] }),
    ),
    reopened: count,
    first: witness,
    latest: fc.array(witness, { maxLength: 5 }),
    related: fc.array(fc.record({ incidentId: id, rule: anyText }), { maxLength: 60 }),
    experiments: fc.array(anyText, { maxLength: 60 }),
    console: optionally(anyText),
    source: fc.constantFrom('/betrace', 'urn:betrace:test'),
    test: optionally(fc.constant(true as const)),
    flood: optionally(
      fc.array(fc.record({ incidentId: id, rule: anyText, severity }), { minLength: 1, maxLength: 60 }),
    ),
  })
  .map(({ key, episode, ...rest }) => {
    const incidentId = `${key}.${episode}`
    const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
    return { ...known, incidentId, dedupKey: `betrace/${incidentId}.${rest.opening}` } as unknown as Notice
  })
