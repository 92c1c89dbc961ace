import * as v from 'valibot'
import type { ExperimentEvent } from '../pipeline/experiment.ts'
import { experimentError } from './errors.ts'
import { defined, parsed, timeMs, word } from './fields.ts'

export const FIS_DETAIL_TYPE = 'FIS Experiment State Change'

/** https://docs.aws.amazon.com/fis/latest/userguide/monitoring-eventbridge.html */
const stateChange = v.object({
  source: v.literal('aws.fis'),
  time: v.string(),
  account: v.optional(word),
  region: v.optional(word),
  detail: v.object({
    'experiment-id': word,
    'experiment-template-id': v.optional(word),
    'new-state': v.object({ status: word, reason: v.optional(v.string()) }),
  }),
})

const HINT = 'send the event as EventBridge delivers it'

export function isFisEvent(posted: object): boolean {
  return 'detail-type' in posted && posted['detail-type'] === FIS_DETAIL_TYPE
}

/** Of FIS, a `stopping` experiment still runs its rollback. */
const KINDS: ReadonlyMap<string, ExperimentEvent['kind']> = new Map<string, ExperimentEvent['kind']>([
  ['pending', 'noted'],
  ['initiating', 'declared'],
  ['running', 'started'],
  ['stopping', 'noted'],
  ['completed', 'ended'],
  ['stopped', 'ended'],
  ['failed', 'ended'],
  ['cancelled', 'ended'],
])

/** Reads a state change of an AWS FIS experiment, as EventBridge delivers it. */
export function fisEvent(posted: object, nowMs: number): ExperimentEvent {
  const { time, account, region, detail } = parsed(stateChange, posted, HINT)
  const { status, reason } = detail['new-state']
  const kind = KINDS.get(status)
  if (kind === undefined) {
    throw experimentError('unknown-status', `nothing is known of the status ${JSON.stringify(status)}`, HINT)
  }
  const template = detail['experiment-template-id']
  const outcome = reason === undefined || reason === '' ? status : `${status}: ${reason}`
  return {
    experiment: `fis-${detail['experiment-id'].replace(/[^\w.:-]/g, '-').slice(0, 100)}`,
    kind,
    ...defined({ atMs: timeMs(time) }),
    receivedAtMs: nowMs,
    source: 'aws-fis',
    name: template ?? detail['experiment-id'],
    labels: defined({ template, account, region }) as Record<string, string>,
    ...(kind === 'ended' ? { outcome: outcome.slice(0, 200) } : {}),
  }
}
