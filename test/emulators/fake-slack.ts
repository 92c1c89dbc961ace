import * as v from 'valibot'
import { FakeVendor, jsonAnswer, jsonIn, type VendorAnswer, type VendorRequest } from './fake-vendor.ts'

/*
 * A fake of Slack's incoming webhooks, chat.postMessage and chat.update, built from Slack's documents and from what others
 * reported of it. It is stricter than Slack: it refuses names that the documents do not have.
 */

const MAX_TEXT = 40_000
/** Not documented: beyond about 13,200 characters of all blocks Slack answers `msg_blocks_too_long`; it advises fewer. */
const MAX_BLOCKS_TEXT = 10_000

const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most))
const element = v.variant('type', [
  v.strictObject({
    type: v.literal('text'),
    text: text(3_000),
    style: v.optional(v.strictObject({ bold: v.optional(v.boolean()), italic: v.optional(v.boolean()) })),
  }),
  v.strictObject({
    type: v.literal('link'),
    url: v.pipe(text(3_000), v.regex(/^https?:/)),
    text: v.optional(text(3_000)),
  }),
  v.strictObject({ type: v.literal('emoji'), name: v.pipe(v.string(), v.regex(/^[a-z_]+$/)) }),
])
const elements = v.pipe(v.array(element), v.minLength(1))
const block = v.strictObject({
  type: v.literal('rich_text'),
  elements: v.pipe(
    v.array(
      v.variant('type', [
        v.strictObject({ type: v.literal('rich_text_section'), elements }),
        v.strictObject({ type: v.literal('rich_text_preformatted'), elements }),
      ]),
    ),
    v.minLength(1),
  ),
})
const blocks = v.pipe(v.array(block), v.maxLength(50))

const channelId = v.pipe(v.string(), v.regex(/^[CGD][A-Z0-9]{3,}$/))
const content = { text: v.string(), blocks: v.optional(blocks) }
const unfurl = { unfurl_links: v.optional(v.boolean()), unfurl_media: v.optional(v.boolean()) }
const hookMessage = v.strictObject({ ...content, ...unfurl })
const newMessage = v.strictObject({
  channel: v.pipe(v.string(), v.minLength(1)),
  ...content,
  ...unfurl,
  thread_ts: v.optional(v.string()),
  reply_broadcast: v.optional(v.boolean()),
})
const changedMessage = v.strictObject({ channel: channelId, ts: v.string(), ...content })

export interface FakeMessage {
  readonly channel: string
  readonly ts: string
  readonly thread: string | undefined
  /** Shown in the channel, too. */
  readonly broadcast: boolean
  /** What it said, oldest first. */
  readonly texts: readonly string[]
}

export class FakeSlack extends FakeVendor {
  readonly messages: FakeMessage[] = []
  /** By name; messages may also go to the ids. */
  readonly channels: ReadonlyMap<string, string> = new Map([['#alerts', 'C0123']])
  private posted = 0
  private readonly token: string
  private readonly hookPath: string

  constructor(token: string, hookPath = '/services/T0/B0/secret') {
    super((request) => this.answer(request))
    this.token = token
    this.hookPath = hookPath
  }

  /** Messages of the channels themselves, not of threads. */
  roots(): readonly FakeMessage[] {
    return this.messages.filter(({ thread }) => thread === undefined)
  }

  /** Somebody deletes a message. */
  remove(ts: string | undefined): void {
    const at = this.messages.findIndex((message) => message.ts === ts)
    if (at >= 0) this.messages.splice(at, 1)
  }

  private answer(request: VendorRequest): VendorAnswer {
    const { method, path, headers, body } = request
    if (path === this.hookPath) return this.hook(body)
    if (method !== 'POST') return failed('invalid_method')
    if (!/^application\/json;\s*charset=utf-8$/i.test(headers['content-type'] ?? '')) return failed('invalid_post_type')
    if (headers.authorization !== `Bearer ${this.token}`) return failed('invalid_auth')
    if (path === '/api/chat.postMessage') return this.post(body)
    return path === '/api/chat.update' ? this.update(body) : failed('unknown_method')
  }

  private hook(body: string): VendorAnswer {
    const read = v.safeParse(hookMessage, jsonIn(body))
    if (!read.success) return { status: 400, body: 'invalid_payload', contentType: 'text/plain' }
    const wrong = wrongContent(read.output)
    if (wrong !== undefined) return { status: 400, body: wrong, contentType: 'text/plain' }
    this.add('C0123', undefined, false, read.output.text)
    return { status: 200, body: 'ok', contentType: 'text/plain' }
  }

  private post(body: string): VendorAnswer {
    const read = v.safeParse(newMessage, jsonIn(body))
    if (!read.success) return failed(fault(read.issues))
    const { channel, thread_ts: thread, reply_broadcast: broadcast = false } = read.output
    const id = this.channels.get(channel) ?? channel
    if (![...this.channels.values()].includes(id)) return failed('channel_not_found')
    const wrong = wrongContent(read.output)
    if (wrong !== undefined) return failed(wrong)
    if (thread !== undefined && !this.messages.some(({ ts }) => ts === thread)) return failed('thread_not_found')
    return jsonAnswer(200, {
      ok: true,
      channel: id,
      ts: this.add(id, thread, broadcast, read.output.text),
      message: {},
    })
  }

  private update(body: string): VendorAnswer {
    const read = v.safeParse(changedMessage, jsonIn(body))
    if (!read.success) return failed(fault(read.issues))
    const { channel, ts, text: changed } = read.output
    const at = this.messages.findIndex((message) => message.channel === channel && message.ts === ts)
    const message = this.messages[at]
    if (message === undefined) return failed('message_not_found')
    const wrong = wrongContent(read.output)
    if (wrong !== undefined) return failed(wrong)
    this.messages[at] = { ...message, texts: [...message.texts, changed] }
    return jsonAnswer(200, { ok: true, channel, ts, text: changed })
  }

  private add(channel: string, thread: string | undefined, broadcast: boolean, said: string): string {
    this.posted++
    const ts = `1764417845.${String(this.posted).padStart(6, '0')}`
    this.messages.push({ channel, ts, thread, broadcast, texts: [said] })
    return ts
  }
}

/** An answer that says no with a status of 200, as Slack does. */
export function failed(error: string): VendorAnswer {
  return jsonAnswer(200, { ok: false, error })
}

function fault(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues.some((issue) => v.getDotPath(issue)?.startsWith('blocks')) ? 'invalid_blocks' : 'invalid_arguments'
}

interface Content {
  readonly text: string
  readonly blocks?: v.InferOutput<typeof blocks> | undefined
}

function wrongContent({ text: said, blocks: shown = [] }: Content): string | undefined {
  if (said === '' && shown.length === 0) return 'no_text'
  if (said.length > MAX_TEXT) return 'msg_too_long'
  // A bare sign would begin a mention, a link or an entity.
  if (/<|>|&(?!(?:amp|lt|gt);)/.test(said)) return 'fake_text_is_not_escaped'
  const all = shown.flatMap((each) => each.elements).flatMap((each) => each.elements)
  const length = all.reduce((sum, each) => sum + ('text' in each ? (each.text?.length ?? 0) : 0), 0)
  return length > MAX_BLOCKS_TEXT ? 'msg_blocks_too_long' : undefined
}
