import { createHash } from 'node:crypto'
import type { FiringRule, FiringSource } from '../../experiments/health.ts'
import type { Clock, PendingSignal, SignalStore } from '../../pipeline/ports.ts'
import type { SignalEvent } from '../../pipeline/signal.ts'
import { expiry, tableKey } from '../buffer/buffer-items.ts'
import { type DynamoTable, queryPages, updateItem } from '../dynamo-requests.ts'

/*
 * One item a rule in the buffer's table, however many signals it sends: partition `firing`, sort key f#<hash of the
 * rule>; j the rule and the trace it fired on last, as JSON, t when that was, i the signal's id, x expiry.
 */

const PARTITION = 'firing'
const KEPT_DAYS = 1
/** The shortest time between two writes of one function about a rule that fires on trace after trace. */
const WRITE_EVERY_MS = 5_000

/** Which live rules fired lately, over all evaluators. Beside a store that keeps the signals. */
export class DynamoFiring implements FiringSource, SignalStore {
  private readonly table: DynamoTable
  private readonly clock: Clock
  private readonly written = new Map<string, number>()

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async record(signals: readonly PendingSignal[]): Promise<void> {
    for (const { event, shadow } of signals) {
      if (shadow || event.status === 'updated') continue
      if (event.status === 'firing') await this.fired(event)
      else await this.retracted(event)
    }
  }

  private async fired({ data, time, signalid }: SignalEvent): Promise<void> {
    const lastMs = Date.parse(time)
    const nowMs = this.clock()
    const { signal, severity, traceId, service } = data
    if (nowMs - (this.written.get(signal) ?? Number.NEGATIVE_INFINITY) < WRITE_EVERY_MS) return
    const rule: FiringRule = { signal, severity, lastMs, traceId, service }
    await updateItem(this.table, ruleKey(signal), {
      set: {
        j: { S: JSON.stringify(rule) },
        t: { N: String(lastMs) },
        i: { S: signalid },
        x: expiry(nowMs, KEPT_DAYS),
      },
      condition: 'attribute_not_exists(#t) OR #t <= :t',
    })
    this.written.set(signal, nowMs)
  }

  /** Only the latest trace of a rule is known: another that still fires shows again with its next signal. */
  private async retracted({ data: { signal }, signalid }: SignalEvent): Promise<void> {
    this.written.delete(signal)
    await updateItem(this.table, ruleKey(signal), {
      set: { t: { N: '0' } },
      condition: '#i = :i',
      names: { '#i': 'i' },
      values: { ':i': { S: signalid } },
    })
  }

  async firingSince(sinceMs: number): Promise<readonly FiringRule[]> {
    const found: FiringRule[] = []
    for await (const page of queryPages(this.table, PARTITION, 'f#', 'f#~')) {
      for (const { j, t } of page) {
        if (Number(t?.N ?? 0) >= sinceMs && j?.S !== undefined) found.push(JSON.parse(j.S) as FiringRule)
      }
    }
    return found
  }
}

function ruleKey(rule: string) {
  return tableKey(PARTITION, `f#${createHash('sha256').update(rule).digest('hex').slice(0, 32)}`)
}
