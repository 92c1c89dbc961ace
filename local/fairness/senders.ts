import { createHash } from 'node:crypto'
import type { Refusal } from '../../shared/pipeline/ingest.ts'
import { LARGE_REQUEST } from '../sqlite/sqlite-buffer.ts'
import { type Lane, newLane } from './request-turns.ts'

/** A client: an API key, or an address where no keys are asked for. */
export interface Sender {
  /** For people: never the key itself. */
  readonly name: string
  /** Its timers wait in this flow, and in the next those of large requests beyond their first traces. */
  readonly flow: number
  /** Timers of its traces. */
  waiting: number
  /** Chunks that are being stored. */
  storing: number
  /** Bytes of bodies being read or stored. */
  bodyBytes: number
  /** Requests under way. */
  requests: number
  /** Where its requests wait for their turn: large ones apart from the others. */
  readonly lanes: { readonly small: Lane; readonly large: Lane }
  refused?: { readonly atMs: number; readonly why: string }
}

export interface SenderLimits {
  readonly maxWaitingPerSender: number
  readonly maxBehindMs: number
}

/** Senders told apart at a time; more share a few places, so that many addresses cost no more than this. */
const MAX_SENDERS = 1_000
const SHARED_PLACES = 64
/** Health names a sender for this time after a refusal. */
const RECENT_MS = 10_000
/** A sender has two flows. */
const FLOWS = 2

/** Who has traces waiting or requests under way, and whether it may send more. */
export class Senders {
  private readonly limits: SenderLimits
  private readonly clock: () => number
  private readonly byName = new Map<string, Sender>()
  private readonly byFlow = new Map<number, Sender>()
  private nextFlow: number

  /** `lastFlow`: the highest that an earlier process left timers in; whose they were is not known. */
  constructor(limits: SenderLimits, lastFlow: number, clock: () => number) {
    this.limits = limits
    this.clock = clock
    this.nextFlow = FLOWS * (Math.floor(lastFlow / FLOWS) + 1)
  }

  /** The sender of a request that begins; `leave` has to follow. */
  enter(name: string): Sender {
    const sender = this.byName.get(name) ?? this.add(this.placeOf(name))
    sender.requests++
    return sender
  }

  leave(sender: Sender): void {
    sender.requests--
    this.forgetIdle(sender)
  }

  /** Takes note of more timers of a flow that wait, or of fewer. */
  onWaiting(flow: number, change: number): void {
    const sender = this.byFlow.get(flow - (flow % FLOWS))
    if (sender === undefined) return
    sender.waiting += change
    this.forgetIdle(sender)
  }

  /** Why a sender may not store this number of chunks now, if so. `behindMs` says how late a flow is judged. */
  refusal(sender: Sender, chunks: number, behindMs: (flow: number) => number): Refusal | undefined {
    const refusal = this.late(sender, chunks, behindMs) ?? this.crowded(sender, chunks)
    if (refusal === undefined) return undefined
    sender.refused = { atMs: this.clock(), why: refusal.message }
    return { ...refusal, message: `${refusal.message}; send this again later` }
  }

  /** Senders that were refused a moment ago, and why. */
  refused(): readonly { readonly name: string; readonly why: string }[] {
    const sinceMs = this.clock() - RECENT_MS
    return [...this.byName.values()].flatMap(({ name, refused }) =>
      refused !== undefined && refused.atMs > sinceMs ? [{ name, why: refused.why }] : [],
    )
  }

  private late({ flow }: Sender, chunks: number, behindMs: (flow: number) => number): Refusal | undefined {
    const lateMs = Math.max(behindMs(flow), chunks > LARGE_REQUEST ? behindMs(flow + 1) : 0)
    if (lateMs <= this.limits.maxBehindMs) return undefined
    return { reason: 'sender-behind', message: `traces are judged ${Math.round(lateMs / 1000)} s after their turn` }
  }

  private crowded({ waiting, storing }: Sender, chunks: number): Refusal | undefined {
    const { maxWaitingPerSender: most } = this.limits
    if (waiting + storing + chunks <= most) return undefined
    return { reason: 'sender-waiting', message: `${waiting + storing} traces wait to be judged, ${most} may` }
  }

  private placeOf(name: string): string {
    if (this.byName.size < MAX_SENDERS) return name
    const digest = createHash('sha256').update(name).digest()
    return `one of many senders (${digest.readUInt32BE(0) % SHARED_PLACES})`
  }

  private add(name: string): Sender {
    const known = this.byName.get(name)
    if (known !== undefined) return known
    const lanes = { small: newLane(), large: newLane() }
    const sender: Sender = { name, flow: this.nextFlow, waiting: 0, storing: 0, bodyBytes: 0, requests: 0, lanes }
    this.nextFlow += FLOWS
    this.byName.set(name, sender)
    this.byFlow.set(sender.flow, sender)
    return sender
  }

  private forgetIdle(sender: Sender): void {
    if (sender.waiting > 0 || sender.requests > 0) return
    this.byName.delete(sender.name)
    this.byFlow.delete(sender.flow)
  }
}
