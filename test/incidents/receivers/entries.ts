const TOPIC = 'arn:aws:sns:us-east-1:123456789012:incidents'

/** An entry of notify.yaml for each kind of receiver, without its `type`. */
export const ENTRIES: Readonly<Record<string, object>> = {
  alertmanager: { url: 'https://alertmanager.example/' },
  'amazon-q': { topic: TOPIC },
  discord: { url: 'https://discord.com/api/webhooks/1/secret' },
  email: { topic: TOPIC },
  eventbridge: { bus: 'default' },
  jsm: { key: '01234567-89ab-cdef-0123-456789abcdef' },
  opsgenie: { key: '01234567-89ab-cdef-0123-456789abcdef' },
  'otlp-logs': { url: 'http://collector.example:4318', spans: true },
  pagerduty: { key: 'R0123456789012345678901234567890' },
  slack: { token: 'xoxb-1-secret', channel: '#alerts' },
  sns: { topic: TOPIC },
  teams: { url: 'https://prod-1.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sig=secret' },
  webhook: { url: 'https://hooks.example/betrace', secrets: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`] },
}

/** Entries by which a kind sends in another way. */
export const OTHER_ENTRIES: readonly (readonly [kind: string, entry: object])[] = [
  ['slack', { url: 'https://hooks.slack.com/services/T0/B0/secret' }],
  ['webhook', { url: 'https://irm.example/', format: 'grafana-irm' }],
]

/** Kinds whose receivers are programs: they get texts as they were, in JSON that shows nothing invisible. */
export const PROGRAMS: ReadonlySet<string> = new Set(['eventbridge', 'otlp-logs', 'webhook'])
