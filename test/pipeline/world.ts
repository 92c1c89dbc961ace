import type { Chunk } from '../../shared/pipeline/chunk.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'
import { NO_EXPERIMENTS } from '../../shared/pipeline/experiment-calendar.ts'
import type { Counted, RuleSet, Timer, TraceTimer } from '../../shared/pipeline/ports.ts'
import { judgingSettings } from '../../shared/pipeline/settings.ts'
import { SignalRate } from '../../shared/pipeline/signal-rate.ts'
import { handleTimers } from '../../shared/pipeline/timers.ts'
import {
  MemoryArchive,
  MemoryBuffer,
  MemoryIncidentLedger,
  MemoryPublisher,
  MemorySignals,
  MemoryTimers,
} from './memory-stores.ts'
import { chunkOf, ruleSet, type TestRule, type TestSpan, TRACE_ID } from './traces.ts'

/** An evaluator over stores in memory, whose time a test moves. */
export class World {
  nowMs = 1_764_000_000_000
  rules: RuleSet
  readonly timers = new MemoryTimers()
  readonly buffer: MemoryBuffer
  readonly archive = new MemoryArchive()
  readonly signals = new MemorySignals()
  readonly publisher = new MemoryPublisher()
  readonly incidents = new MemoryIncidentLedger()
  readonly counts = new Map<keyof Counted, number>()
  readonly evaluator: Evaluator

  constructor(
    rules: readonly TestRule[],
    settings: Parameters<typeof judgingSettings>[0] = {},
    more: Partial<Evaluator> = {},
  ) {
    this.rules = ruleSet(rules)
    const parsed = judgingSettings(settings)
    this.buffer = new MemoryBuffer((chunk) => this.timers.armed.push(timerOf(chunk, this.nowMs + parsed.quietPeriodMs)))
    let tokens = 0
    this.evaluator = {
      buffer: this.buffer,
      timers: this.timers,
      archive: this.archive,
      signals: this.signals,
      publisher: this.publisher,
      signalRate: new SignalRate(parsed.maxSignalsPerMinute),
      incidents: this.incidents,
      rules: { current: async () => this.rules },
      metrics: {
        add: (name, _labels, amount = 1) => this.counts.set(name, (this.counts.get(name) ?? 0) + amount),
        observe: () => {},
      },
      clock: () => this.nowMs,
      stopwatch: () => 0,
      log: () => {},
      experiments: NO_EXPERIMENTS,
      newToken: () => `token ${++tokens}`,
      settings: parsed,
      ...more,
    }
  }

  /** Stores a chunk of spans, which start now unless told. */
  async send(spans: readonly TestSpan[], traceId = TRACE_ID): Promise<Chunk> {
    const chunk = chunkOf(
      this.nowMs,
      spans.map((span) => ({ startMs: this.nowMs, ...span })),
      traceId,
    )
    await this.buffer.append([chunk])
    return chunk
  }

  /** Moves the time and handles what is due, and what becomes due by that; returns what could not be set back. */
  async pass(ms: number): Promise<readonly Timer[]> {
    this.nowMs += ms
    const undone: Timer[] = []
    for (;;) {
      const due = this.timers.armed.filter(({ dueAtMs }) => dueAtMs <= this.nowMs)
      if (due.length === 0) return undone
      for (const timer of due) this.timers.armed.splice(this.timers.armed.indexOf(timer), 1)
      undone.push(...(await handleTimers(this.evaluator, due)))
    }
  }

  /** Every status change that was sent, as `rule status sequence`. */
  get sent(): readonly string[] {
    return this.publisher.published.map((event) =>
      'signalid' in event ? `${event.data.signal} ${event.status} ${event.sequence}` : event.subject,
    )
  }
}

function timerOf(chunk: Chunk, dueAtMs: number): TraceTimer {
  return { kind: 'trace', traceId: chunk.traceId, chunkKeys: [chunk.key], dueAtMs, attempt: 0 }
}
