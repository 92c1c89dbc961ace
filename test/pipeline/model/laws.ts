import type { ArchiveEntry, Marker } from '../../../shared/pipeline/ports.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import type { Trace } from '../../../shared/trace/span.ts'
import { TRACE_ID } from '../traces.ts'
import { Simulation } from './simulation.ts'

/** What one interleaving went through. */
export interface Interleaving {
  readonly crashes: number
  readonly failures: number
  readonly verdicts: number
  readonly signals: number
  readonly rescues: number
  /** Signals that were fired once their rule had waited. */
  readonly patience: number
}

/** Runs the interleaving of a seed; throws, naming the seed, if a law of the protocol is broken. */
export async function checkInterleaving(seed: number): Promise<Interleaving> {
  const simulation = new Simulation(seed)
  try {
    const { scenario, buffer } = simulation
    await simulation.run()
    const keys = buffer.keys(TRACE_ID)
    const whole = wholeTrace(simulation)
    const settled = buffer.markers.get(TRACE_ID)
    if (!scenario.losesTimers) {
      checkJudged(settled, keys)
      checkVerdict(simulation, settled, whole)
    }
    await simulation.expire()
    const marker = buffer.markers.get(TRACE_ID)
    checkJudged(marker, keys)
    checkSignals(simulation, marker)
    checkArchive(simulation, marker, whole)
    law(simulation.tooSoon.length === 0, `fired ${simulation.tooSoon[0]} ms before its wait was over`)
    const rescues = simulation.counts.get('tracesRescued') ?? 0
    if (!scenario.losesTimers) law(rescues === 0, 'a trace was rescued although no timer was lost')
    return {
      crashes: simulation.gates.crashes,
      failures: simulation.gates.failures,
      verdicts: marker?.verdicts ?? 0,
      signals: simulation.committed.size,
      rescues,
      patience: simulation.patience,
    }
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function wholeTrace({ buffer }: Simulation): Trace {
  const chunks = buffer.keys(TRACE_ID).map((key) => buffer.chunks.get(TRACE_ID)?.get(key)?.bytes as Uint8Array)
  return assembleTrace(TRACE_ID, chunks)
}

function checkJudged(marker: Marker | undefined, keys: readonly string[]): void {
  law(
    keys.every((key) => marker?.seen.includes(key)),
    'a chunk is in no verdict',
  )
  law(marker?.pending.length === 0, 'a signal is still pending')
  law(marker?.waiting === undefined, 'a violation still waits')
}

function checkVerdict({ lastRules }: Simulation, marker: Marker | undefined, whole: Trace): void {
  for (const { rule, outcome } of lastRules?.judge(whole) ?? []) {
    const state = marker?.signals.find((each) => each.rule === rule.name && each.ruleRevision === rule.revision)
    law((state?.status === 'firing') === (outcome === 'violated'), `${rule.name} has the wrong status`)
    if (state?.status === 'firing') law(state.complete === whole.complete, `${rule.name} has the wrong completeness`)
  }
}

function checkSignals({ committed, signals, publisher, incidents }: Simulation, marker: Marker | undefined): void {
  const recorded = signals.recorded.map(({ event }) => event)
  law(recorded.length === committed.size, 'a committed signal was not stored, or one was that was not committed')
  const published = new Map(publisher.published.map((event) => [event.id, JSON.stringify(event)]))
  for (const event of publisher.published) {
    law(committed.get(event.id) === JSON.stringify(event), 'what was published was not committed so')
  }
  const taken = new Set(incidents.taken.map(({ id }) => id))
  for (const { event, shadow } of signals.recorded) {
    law(taken.has(event.id) === !shadow, `signal ${event.id} is in no incident, or came from the shadow`)
    law(published.has(event.id) === !shadow, `signal ${event.id} was lost, or published from the shadow`)
    law(event.data.signal !== 'CHARGED' || event.status !== 'retracted', 'a deleted rule retracted')
  }
  for (const state of marker?.signals ?? []) {
    const own = recorded.filter(({ data }) => data.signal === state.rule && data.ruleRevision === state.ruleRevision)
    law(new Set(own.map((event) => event.signalid)).size === 1, `${state.rule} has two identities`)
    const sequences = own.map((event) => event.sequence).sort((a, b) => a - b)
    law(sequences.join() === sequences.map((_, index) => index + 1).join(), `${state.rule} skips or repeats a sequence`)
    law(sequences.length === state.sequence, `${state.rule} was committed more often than stored`)
  }
}

function checkArchive({ archive }: Simulation, marker: Marker | undefined, whole: Trace): void {
  const revisions = archive.entries.map(({ revision }) => revision)
  law(Math.max(...revisions) <= (marker?.verdicts ?? 0), 'a trace was archived without a verdict')
  const kept = new Set<string>()
  for (const entry of archive.entries) {
    if (entry.revision === marker?.verdicts) for (const spanId of spanIdsOf(entry)) kept.add(spanId)
  }
  const everArchived = new Set(archive.entries.flatMap(spanIdsOf))
  law(
    whole.spans.every((span) => everArchived.has(span.spanId)),
    'a span is not in the archive',
  )
  const late = archive.entries.some(({ reason }) => reason !== 'verdict')
  law(late || kept.size === whole.spans.length, 'the last revision in the archive is not the whole trace')
}

function spanIdsOf({ trace, chunks }: ArchiveEntry): readonly string[] {
  const bytes = chunks.map((chunk) => chunk.bytes)
  return assembleTrace(trace.traceId, bytes).spans.map(({ spanId }) => spanId)
}

function law(holds: boolean | undefined, broken: string): void {
  if (holds !== true) throw new Error(broken)
}
