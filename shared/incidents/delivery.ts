import type { Severity } from '../rules/ast.ts'
import type { DeliveryRef } from './receivers/receiver.ts'

/** One receiver that is notified of one episode of an incident. */
export interface DeliveryId {
  readonly key: string
  readonly episode: number
  readonly receiver: string
}

/** What a receiver was notified of an episode, and what is under way. */
export interface DeliveryRow {
  /** Grows with every change; 1 at first. */
  readonly version: number
  readonly notified: 'none' | 'open' | 'resolved'
  /** The opening whose dedup key was used last; 0 before. */
  readonly opening: number
  /** A request whose end nobody wrote down: it may have been taken. */
  readonly doing?: 'open' | 'update' | 'resolve'
  /** Somebody is at work on it until then; 0 where the last one wrote down how it ended. */
  readonly leaseUntilMs: number
  /** When a request ended without an answer: it may still arrive for a while. */
  readonly unsureMs?: number
  /** What the receiver answered when it was notified of the opening. */
  readonly ref?: DeliveryRef
  /** Where it was notified (`ReceiverTraits.target`). */
  readonly target?: string
  /** When it was last notified, and what. */
  readonly notifiedAtMs?: number
  readonly notifiedCount: number
  readonly notifiedSeverity?: Severity
  /** Attempts since it was last notified. */
  readonly attempts: number
  /** Why the last attempt failed. */
  readonly failure?: string
  /** The receiver refused it: nobody tries again until the incident or the receiver changes. */
  readonly refused: boolean
  /** The mute that holds back what the receiver would be notified. */
  readonly heldBy?: string
  /** Its opening is part of a flood notice: the receiver got no notice of it alone. */
  readonly flooded: boolean
  /** Of a flood notice: when the flood began. */
  readonly floodFromMs?: number
  /** When to look again; undefined where nobody has to until the incident changes. */
  readonly dueAtMs?: number
  /** What its routes ask for beside the opening. */
  readonly updates: boolean
  readonly ended: boolean
}

/** A row with what it is about. */
export interface StoredDelivery {
  readonly id: DeliveryId
  readonly row: DeliveryRow
}

/** The row of a receiver that a route names for the first time. */
export function newDelivery(wants: Pick<DeliveryRow, 'updates' | 'ended'>, nowMs: number): DeliveryRow {
  return {
    version: 1,
    notified: 'none',
    opening: 0,
    leaseUntilMs: 0,
    notifiedCount: 0,
    attempts: 0,
    refused: false,
    flooded: false,
    dueAtMs: nowMs,
    ...wants,
  }
}

/** The row when nobody can be at work on it any more, or when its receiver changed: it is looked at once more. */
export function revived(row: DeliveryRow, nowMs: number): DeliveryRow {
  // A lease that is cut short still says until when a request may have been sent.
  const leaseUntilMs = Math.min(row.leaseUntilMs, nowMs)
  return { ...row, version: row.version + 1, leaseUntilMs, refused: false, dueAtMs: nowMs }
}

/** The key of flood notices: one delivery row each, whose episode counts the floods of its receiver. */
export const FLOOD = 'flood'

/** Whether the receiver has nothing open of the episode, as far as is known. */
export function isOver({ notified, doing }: DeliveryRow): boolean {
  return notified !== 'open' && doing === undefined
}

/** Counts at which a receiver that can change its message is notified how many traces there are. */
const STEPS = [1, 2, 5] as const

/** The greatest of 1, 2, 5, 10, 20, 50, 100 … that is not more than a count. */
export function stepOf(count: number): number {
  if (count < 1) return 0
  const ten = 10 ** Math.floor(Math.log10(count) + 1e-9)
  const most = STEPS.findLast((step) => step * ten <= count) ?? 1
  return most * ten
}
