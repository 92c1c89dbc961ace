import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { visible } from '../../text/visible.ts'
import { writtenEvent } from '../incident-event.ts'
import { answerByStatus } from './answers.ts'
import type { Answer, ReceiverType, RequestEnd } from './receiver.ts'

const schema = v.strictObject({
  /** Name or ARN of the bus. */
  bus: v.pipe(v.string(), v.regex(/^[\w./:-]{1,1600}$/, 'expected the name or the ARN of an event bus')),
})

/** Rules of EventBridge match this source. */
const SOURCE = 'dev.betrace'

/** The CloudEvent of each state as the detail of an event; its type is the detail type. */
export const EVENTBRIDGE: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'eventbridge',
  schema,
  secrets: [],
  open: (name, { bus }) => ({
    name,
    type: 'eventbridge',
    traits: { pages: true, edits: true, dedups: false, target: hash(['eventbridge', bus]) },
    async tell(notice, _ref, send) {
      const { type, text } = writtenEvent(notice)
      const end = await send({ kind: 'eventbridge', busName: bus, detailType: type, source: SOURCE, detail: text })
      return entryAnswer(end)
    },
  }),
}

const putEvents = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    FailedEntryCount: v.optional(v.number(), 0),
    Entries: v.optional(v.array(v.object({ ErrorCode: v.optional(v.string()) })), []),
  }),
)
const PASSING = /Throttl|Internal|Unavailable|LimitExceeded/

/** An entry that failed is in an answer of 200. */
function entryAnswer(end: RequestEnd): Answer {
  const answer = answerByStatus(end)
  if (answer.outcome !== 'taken' || !('status' in end)) return answer
  const read = v.safeParse(putEvents, end.body)
  if (!read.success || read.output.FailedEntryCount === 0) return answer
  const code = visible(read.output.Entries[0]?.ErrorCode ?? 'unknown').slice(0, 100)
  if (PASSING.test(code)) return { outcome: 'failed', reason: code, unsure: false }
  return { outcome: 'refused', reason: code }
}
