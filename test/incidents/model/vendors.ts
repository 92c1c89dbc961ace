import type { Answer } from '../../../shared/incidents/receivers/receiver.ts'
import type { Random } from '../../pipeline/model/random.ts'

const SECOND = 1_000

/** A pager that keeps one alert for a dedup key, and a chat that keeps every message. */
export const RECEIVERS = {
  pager: { pages: true, edits: false, dedups: true, target: 'pager' },
  chat: { pages: false, edits: true, dedups: false, target: 'chat' },
} as const
export type ReceiverName = keyof typeof RECEIVERS

/** A request to a receiver. */
export interface Request {
  readonly receiver: ReceiverName
  readonly dedupKey: string
  readonly change: 'opened' | 'updated' | 'resolved'
}

/** When requests arrive, and whether at all. */
export interface Network {
  readonly nowMs: number
  readonly isCalm: boolean
  readonly downUntilMs: number
  /** A request lands at most so long after it was sent. */
  readonly latestMs: number
}

/** The receivers, and the network on the way to them, which loses and delays requests and answers. */
export class ModelVendors {
  /** Alerts of the pager that are open now, by dedup key, and how often each was opened. */
  readonly alerts = new Map<string, boolean>()
  readonly pages = new Map<string, number>()
  /** Messages of the chat that say that something opened, by dedup key. */
  readonly messages = new Map<string, number>()
  /** Requests whose end nobody knows, by dedup key. */
  readonly trouble = new Map<string, number>()
  air: (Request & { readonly atMs: number })[] = []
  private readonly random: Random

  constructor(random: Random) {
    this.random = random
  }

  send(request: Request, { nowMs, isCalm, downUntilMs, latestMs }: Network): Answer {
    const chance = this.random.next()
    const failed = (unsure: boolean): Answer => ({ outcome: 'failed', reason: 'no answer', unsure })
    if (nowMs < downUntilMs && !isCalm) return failed(false)
    if (isCalm || chance < 0.75) {
      this.land(request)
      return { outcome: 'taken' }
    }
    add(this.trouble, request.dedupKey)
    if (chance < 0.83) return failed(false)
    if (chance < 0.91) this.land(request)
    else this.delay(request, nowMs, latestMs)
    return failed(true)
  }

  /** Lets a request land later. */
  delay(request: Request, nowMs: number, latestMs: number): void {
    this.air.push({ ...request, atMs: nowMs + this.random.between(1, latestMs / SECOND) * SECOND })
  }

  landDue(nowMs: number): void {
    if (this.air.length === 0) return
    const landing = this.air.filter(({ atMs }) => atMs <= nowMs)
    this.air = this.air.filter(({ atMs }) => atMs > nowMs)
    for (const request of landing) this.land(request)
  }

  private land({ receiver, dedupKey, change }: Request): void {
    if (receiver === 'chat') {
      if (change === 'opened') add(this.messages, dedupKey)
      return
    }
    if (change !== 'resolved' && this.alerts.get(dedupKey) !== true) add(this.pages, dedupKey)
    this.alerts.set(dedupKey, change !== 'resolved')
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
