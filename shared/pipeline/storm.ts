import type { Evaluator } from './evaluator.ts'
import { hash } from './hash.ts'
import type { StormSample, StormTimer, StormWindow } from './ports.ts'
import type { DigestEvent, RuleDescription, SignalEvent } from './signal.ts'
import { StorageError } from './storage-error.ts'

/** Signals admitted by a clock a little behind still get into the digest of their window. */
const GRACE_MS = 5_000
const SAMPLE_CHARACTERS = 500

/** True if a signal may be sent alone; past the limit of its rule's window it is left to the window's digest. */
export async function admitToStorm(evaluator: Evaluator, event: SignalEvent): Promise<boolean> {
  const { stormLimit: limit, stormWindowMs } = evaluator.settings
  const { signal: rule, severity } = event.data
  const windowStartMs = Math.floor(evaluator.clock() / stormWindowMs) * stormWindowMs
  const window = await evaluator.storms.admit({ rule, windowStartMs, limit, sample: sampleOf(event) })
  if (window.count <= limit) return true
  if (!window.armed) {
    const dueAtMs = windowStartMs + stormWindowMs + GRACE_MS
    await evaluator.timers.arm([{ kind: 'storm', rule, windowStartMs, dueAtMs, attempt: 0 }])
    await evaluator.storms.mark(rule, windowStartMs, 'armed')
  }
  evaluator.metrics.add('signalsSuppressed', { rule, severity })
  return false
}

/** Sends the digest of a window that has ended: once, and with the same id should a crash make it twice. */
export async function onStormTimer(evaluator: Evaluator, timer: StormTimer): Promise<'early' | 'digest' | 'calm'> {
  if (evaluator.clock() < timer.dueAtMs) {
    await evaluator.timers.arm([timer])
    return 'early'
  }
  const window = await evaluator.storms.read(timer.rule, timer.windowStartMs)
  const first = window?.samples[0]
  if (window === undefined || first === undefined || window.sent) return 'calm'
  const failed = await evaluator.publisher.publish([digestEvent(evaluator, timer, window, first.describes)])
  if (failed[0] !== undefined) throw new StorageError('unavailable', `digest could not be sent: ${failed[0].reason}`)
  await evaluator.storms.mark(timer.rule, timer.windowStartMs, 'sent')
  return 'digest'
}

function sampleOf(event: SignalEvent): StormSample {
  const { traceId, service, evidence, signal, severity, ruleDescription, runbook, owner, tags } = event.data
  const text = evidence.text.slice(0, SAMPLE_CHARACTERS)
  const describes = {
    signal,
    severity,
    ...(ruleDescription === undefined ? {} : { description: ruleDescription }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(owner === undefined ? {} : { owner }),
    tags,
  }
  return { id: event.id, status: event.status, traceId, service, text, describes }
}

function digestEvent(evaluator: Evaluator, timer: StormTimer, window: StormWindow, rule: RuleDescription): DigestEvent {
  const endMs = timer.windowStartMs + evaluator.settings.stormWindowMs
  return {
    specversion: '1.0',
    id: `${hash(['digest', timer.rule, String(timer.windowStartMs)])}.live`,
    source: evaluator.settings.source,
    type: 'dev.betrace.signal.digest',
    subject: timer.rule,
    time: new Date(endMs).toISOString(),
    datacontenttype: 'application/json',
    mode: 'live',
    data: {
      ...rule,
      from: new Date(timer.windowStartMs).toISOString(),
      to: new Date(endMs).toISOString(),
      count: window.count,
      suppressed: window.count - evaluator.settings.stormLimit,
      samples: window.samples.map(({ describes: _, ...sample }) => sample),
    },
  }
}
