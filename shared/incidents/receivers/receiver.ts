import type * as v from 'valibot'
import type { Clock } from '../../pipeline/ports.ts'
import type { SignalEvent } from '../../pipeline/signal.ts'
import type { Notice } from '../notice.ts'

/** A place that gets notices of incidents. */
export interface Receiver {
  /** Its name in notify.yaml. */
  readonly name: string
  /** `pagerduty`, `slack` … */
  readonly type: string
  readonly traits: ReceiverTraits
  /**
   * Sends it the state of an incident; `ref` comes from its last answer in this episode. Never throws.
   */
  tell(notice: Notice, ref: DeliveryRef | undefined, send: Send): Promise<Answer>
  /** Passes a signal on, where the receiver wants each one beside the incidents. Never throws. */
  tellSignal?(event: SignalEvent, send: Send): Promise<Answer>
}

interface ReceiverTraits {
  /** It wakes people, or a program that wakes people: notices go out immediately and are never gathered. */
  readonly pages: boolean
  /** It can change what it said before: updated as the count grows; any other only when the severity rises. */
  readonly edits: boolean
  /** It keeps one alert for a dedup key, however many notices it gets. */
  readonly dedups: boolean
  /** It forgets an open incident unless a notice comes again within this many milliseconds. */
  readonly heartbeatMs?: number
  /** A hash of what decides which alerts it can end. It is kept with each delivery, so that an end goes where the opening went. */
  readonly target: string
}

/** Texts by name, for example `ts` and `channel` of Slack; kept in the store, at most 1 kB. */
export type DeliveryRef = Readonly<Record<string, string>>

export type Answer =
  | { readonly outcome: 'taken'; readonly ref?: DeliveryRef }
  /** Sending the same again cannot help: set aside, with an alarm. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** Try again later. `unsure`: it may have been taken. */
  | {
      readonly outcome: 'failed'
      readonly reason: string
      readonly unsure: boolean
      readonly retryAfterMs?: number
    }

export interface HttpRequest {
  readonly kind: 'http'
  readonly method: 'POST' | 'PUT' | 'PATCH'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface SnsRequest {
  readonly kind: 'sns'
  readonly topicArn: string
  readonly subject?: string
  readonly message: string
  /** `json`: the message is JSON with a text for each protocol (MessageStructure of SNS). */
  readonly structure?: 'json'
  /** Message attributes: a text, or several as a `String.Array`. */
  readonly attributes: Readonly<Record<string, string | readonly string[]>>
}

/** One entry of PutEvents; the body of the answer is its JSON, since a refused entry is in an answer of 200. */
export interface EventBridgeRequest {
  readonly kind: 'eventbridge'
  readonly busName: string
  readonly detailType: string
  readonly source: string
  /** JSON */
  readonly detail: string
}

export type OutgoingRequest = HttpRequest | SnsRequest | EventBridgeRequest

/** How a request ended: with an answer, its body at most 64 kB, or without one. */
export type RequestEnd =
  | { readonly status: number; readonly body: string; readonly retryAfter?: string }
  | { readonly failure: string; readonly unsure: boolean }

/** Sends one request and waits for its answer; never throws. */
export type Send = (request: OutgoingRequest) => Promise<RequestEnd>

/** A kind of receiver; each is one file beside this one and one line in all.ts. */
export interface ReceiverType<Settings> {
  /** As notify.yaml names it. */
  readonly type: string
  /** Of its entry in notify.yaml without `type`; `entries` names its settings. */
  readonly schema: v.GenericSchema<unknown, Settings> & { readonly entries: v.ObjectEntries }
  /** Names of the settings that hold secrets: they come from outside the file, and no output shows them. */
  readonly secrets: readonly string[]
  open(name: string, settings: Settings, context: ReceiverContext): Receiver
}

interface ReceiverContext {
  readonly clock: Clock
}
