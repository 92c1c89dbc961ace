import type { Random } from '../../../bench/data/random.ts'
import { FakePagerDuty } from '../../emulators/fake-pagerduty.ts'
import { FakeSlack } from '../../emulators/fake-slack.ts'
import { jsonIn, type VendorFault, type VendorRequest } from '../../emulators/fake-vendor.ts'

/** What the file of receivers refers to. */
export const VENDOR_KEYS = { PAGERDUTY_KEY: 'c'.repeat(32), SLACK_TOKEN: 'xoxb-crash' }

/** A request or an answer is on its way for so long at most, by our clock. */
const MAX_DELAY_MS = 60
/** What a network kept back arrives at last after so long. */
const LATE_MS = 300

/** Fakes of PagerDuty and Slack outside of the process that is killed, over a network that loses, delays and repeats. */
export interface Vendors {
  readonly pagerDuty: FakePagerDuty
  readonly slack: FakeSlack
  /** The file of receivers that names them. */
  readonly notifyYaml: string
  /** Texts that Slack was sent in requests that ended without an answer, or arrived twice. */
  readonly unknownEnds: readonly string[]
  /** From then on nothing is lost. */
  calm(): void
  close(): void
}

const BUSY = { status: 503, body: '' }
const THROTTLED = { status: 429, body: '', retryAfter: '1' }
const FAULTS: readonly VendorFault[] = [
  { kind: 'lost' },
  { kind: 'answer-lost' },
  { kind: 'late' },
  { kind: 'twice' },
  { kind: 'answered', answer: BUSY },
  { kind: 'answered', answer: THROTTLED },
]

export async function startVendors(random: Random): Promise<Vendors> {
  const [pagerDuty, slack] = [new FakePagerDuty(), new FakeSlack(VENDOR_KEYS.SLACK_TOKEN)]
  const unknownEnds: string[] = []
  let isCalm = false
  const faultOf = (): VendorFault | undefined => (isCalm || random.below(5) > 0 ? undefined : random.pick(FAULTS))
  pagerDuty.faultOf = faultOf
  slack.faultOf = ({ body }: VendorRequest) => {
    const fault = faultOf()
    if (fault !== undefined && fault.kind !== 'answered')
      unknownEnds.push(String((jsonIn(body) as { readonly text?: unknown }).text))
    return fault
  }
  for (const fake of [pagerDuty, slack]) fake.delayMs = () => random.below(isCalm ? 2 : MAX_DELAY_MS)
  const landing = setInterval(() => {
    pagerDuty.landLate()
    slack.landLate()
  }, LATE_MS)
  const [pagerDutyUrl, slackUrl] = await Promise.all([pagerDuty.listen(), slack.listen()])
  return {
    pagerDuty,
    slack,
    notifyYaml: notifyYaml(pagerDutyUrl, slackUrl),
    unknownEnds,
    calm: () => {
      isCalm = true
    },
    close() {
      clearInterval(landing)
      pagerDuty.close()
      slack.close()
    },
  }
}

function notifyYaml(pagerDutyUrl: string, slackUrl: string): string {
  return `version: 1
receivers:
  oncall: { type: pagerduty, key: "\${PAGERDUTY_KEY}", url: ${pagerDutyUrl} }
  chat: { type: slack, token: "\${SLACK_TOKEN}", channel: C0123, api: ${slackUrl}/api }
routes:
  - { otherwise: true, to: [oncall, chat] }
`
}
