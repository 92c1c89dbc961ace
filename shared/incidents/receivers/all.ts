import { ALERTMANAGER } from './alertmanager.ts'
import { AMAZON_Q } from './amazon-q.ts'
import { DISCORD } from './discord.ts'
import { EVENTBRIDGE } from './eventbridge.ts'
import { JSM, OPSGENIE } from './jsm.ts'
import { OTLP_LOGS } from './otlp-logs.ts'
import { PAGERDUTY } from './pagerduty.ts'
import type { ReceiverType } from './receiver.ts'
import { SLACK } from './slack.ts'
import { EMAIL, SNS } from './sns.ts'
import { TEAMS } from './teams.ts'
import { WEBHOOK } from './webhook.ts'

const TYPES: readonly ReceiverType<unknown>[] = [
  ALERTMANAGER,
  AMAZON_Q,
  DISCORD,
  EMAIL,
  EVENTBRIDGE,
  JSM,
  OPSGENIE,
  OTLP_LOGS,
  PAGERDUTY,
  SLACK,
  SNS,
  TEAMS,
  WEBHOOK,
]

/** All kinds of receivers, by the `type` that notify.yaml gives. */
export const RECEIVER_TYPES: ReadonlyMap<string, ReceiverType<unknown>> = new Map(
  TYPES.map((each) => [each.type, each]),
)
