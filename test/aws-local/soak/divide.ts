import { throttling } from './faults.ts'
import type { Answer, Call } from './proxy.ts'

type Takes = (item: string) => boolean
type Serve = (body: Buffer) => Promise<Answer>

/** Serves a part of a batch and answers, as the service would, that the rest was not taken. */
export async function divided(call: Call, takes: Takes, serve: Serve): Promise<Answer> {
  if (call.action === 'BatchWriteItem') return dividedWrites(call, takes, serve)
  return call.service === 'sqs' ? dividedMessages(call, takes, serve) : dividedEvents(call, takes, serve)
}

async function dividedWrites({ body }: Call, takes: Takes, serve: Serve): Promise<Answer> {
  const whole = JSON.parse(body.toString())
  const [table = '', requests = []] = Object.entries(whole.RequestItems)[0] as [string, object[]]
  const [taken, left] = parted(requests, takes)
  // DynamoDB fails as a whole where it can take nothing.
  if (taken.length === 0) return throttling()
  const answer = await serve(Buffer.from(JSON.stringify({ ...whole, RequestItems: { [table]: taken } })))
  if (answer.status !== 200 || left.length === 0) return answer
  const output = JSON.parse(answer.body.toString())
  const already = output.UnprocessedItems?.[table] ?? []
  return { ...answer, body: JSON.stringify({ ...output, UnprocessedItems: { [table]: [...already, ...left] } }) }
}

const FAILED = { SenderFault: false, Code: 'InternalError', Message: 'injected' }

async function dividedMessages({ body }: Call, takes: Takes, serve: Serve): Promise<Answer> {
  const whole = JSON.parse(body.toString())
  const [taken, left] = parted(whole.Entries as { Id: string }[], takes)
  const failed = left.map(({ Id }) => ({ Id, ...FAILED }))
  if (taken.length === 0) {
    const headers = { 'content-type': 'application/x-amz-json-1.0' }
    return { status: 200, headers, body: JSON.stringify({ Successful: [], Failed: failed }) }
  }
  const answer = await serve(Buffer.from(JSON.stringify({ ...whole, Entries: taken })))
  if (answer.status !== 200) return answer
  const output = JSON.parse(answer.body.toString())
  return { ...answer, body: JSON.stringify({ ...output, Failed: [...(output.Failed ?? []), ...failed] }) }
}

const MEMBER = /^PublishBatchRequestEntries\.member\.(\d+)\./

async function dividedEvents({ body }: Call, takes: Takes, serve: Serve): Promise<Answer> {
  const fields = [...new URLSearchParams(body.toString())]
  const numbers = [...new Set(fields.flatMap(([name]) => MEMBER.exec(name)?.[1] ?? []))]
  const [taken, left] = parted(numbers, takes)
  const idOf = (number: string) =>
    fields.find(([name]) => name === `PublishBatchRequestEntries.member.${number}.Id`)?.[1]
  const failed = left.map(
    (number) =>
      `<member><Id>${idOf(number)}</Id><Code>InternalError</Code><Message>injected</Message><SenderFault>false</SenderFault></member>`,
  )
  if (taken.length === 0) {
    const result = `<PublishBatchResult><Successful/><Failed>${failed.join('')}</Failed></PublishBatchResult>`
    const text = `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${result}</PublishBatchResponse>`
    return { status: 200, headers: { 'content-type': 'text/xml' }, body: text }
  }
  const kept = fields.filter(([name]) => {
    const number = MEMBER.exec(name)?.[1]
    return number === undefined || taken.includes(number)
  })
  const answer = await serve(Buffer.from(new URLSearchParams(kept).toString()))
  return { ...answer, body: answer.body.toString().replace('<Failed>', `<Failed>${failed.join('')}`) }
}

function parted<Item>(items: readonly Item[], takes: Takes): readonly [Item[], Item[]] {
  const taken = items.filter((item) => takes(JSON.stringify(item)))
  return [taken, items.filter((item) => !taken.includes(item))]
}
