import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { JudgeThread } from '../../local/judge-thread.ts'
import { type Chunk, newChunk } from '../../shared/pipeline/chunk.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'
import type { Circumstances, OpenTrace } from '../../shared/pipeline/open-trace.ts'
import type { RuleSet } from '../../shared/pipeline/ports.ts'
import { openTrace } from '../../shared/pipeline/reading.ts'
import { ruleSetOf } from '../../shared/pipeline/rule-set.ts'
import { judgingSettings } from '../../shared/pipeline/settings.ts'
import { boundBody } from '../reference/bound-rules.ts'
import { anyBody } from '../reference/rules.ts'
import { anySpans, relatedSpans, type SpanSketch } from '../reference/traces.ts'
import { chunkOf, START_MS } from '../replay/archived.ts'
import { metric, runtimes } from './harness.ts'
import { closeDatabases, newFolder } from './sqlite/databases.ts'

afterEach(closeDatabases)
const running = runtimes()

const TRACE_ID = '5b8efff798038103d269b633813fc60c'
const SETTINGS = judgingSettings({})

function setOf(bodies: readonly string[]): RuleSet {
  return ruleSetOf(
    bodies.map((body, index) => ({ file: `${index}.rules`, text: `// Signal: R${index} (info)\n${body}\n` })),
  )
}

function newThread(set: () => RuleSet = () => NO_RULES, program?: URL): JudgeThread {
  const thread = new JudgeThread({ current: async () => set() }, SETTINGS, program)
  onTestFinished(() => thread.close())
  return thread
}

function chunkOfSpans(spans: readonly SpanSketch[], arrivedAtMs: number): Chunk {
  return newChunk(TRACE_ID, arrivedAtMs, chunkOf(TRACE_ID, spans), spans.length)
}

function openInPlace(set: RuleSet, chunks: readonly Chunk[]): Promise<OpenTrace> {
  const rules = { current: async () => set }
  const evaluator = { settings: SETTINGS, stopwatch: () => 0, rules } as unknown as Evaluator
  return openTrace(evaluator, TRACE_ID, chunks)
}

const NO_RULES = ruleSetOf([])

/** The state of a signal that fired before. */
const FIRED = { rule: 'R0', ruleRevision: '0', sequence: 1, complete: true, shadow: false }

const WINDOWS = [
  { id: 'all', services: [], fromMs: START_MS, toMs: START_MS + 1_000, state: 'ended', cut: false },
  { id: 'shop', services: ['shop'], fromMs: START_MS, toMs: START_MS + 1_000, state: 'running', cut: false },
] as const

const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  truncated: fc.boolean(),
  rescued: fc.boolean(),
  maxChanges: fc.constantFrom(1, 200),
  signals: fc.constantFrom([], [{ ...FIRED, status: 'firing' as const }]),
  context: fc.constantFrom({ source: '/test', mode: 'live' as const, nowMs: START_MS, experiments: ['all'] }),
})

/** All that is asked of a trace, to be compared. */
async function answers(trace: OpenTrace, given: Circumstances) {
  const { judgeMs, ...judged } = await trace.judge(given)
  expect(judgeMs).toBeGreaterThanOrEqual(0)
  return { summary: trace.summary, during: await trace.during(WINDOWS), judged }
}

describe('a trace that the thread has', () => {
  test('is judged as in place, by the rules in force', async () => {
    let rules = NO_RULES
    const thread = newThread(() => rules)
    const bodies = fc.array(fc.oneof(anyBody, boundBody), { minLength: 30, maxLength: 30 })
    const traces = fc.array(fc.tuple(fc.oneof(anySpans, relatedSpans), circumstances), { minLength: 20, maxLength: 20 })
    const law = fc.asyncProperty(bodies, traces, async (some, asked) => {
      rules = setOf(some)
      for (const [spans, given] of asked) {
        const half = Math.ceil(spans.length / 2)
        const chunks = [spans.slice(0, half), spans.slice(half)].map((part, at) => chunkOfSpans(part, START_MS + at))
        const inPlace = await answers(await openInPlace(rules, chunks), given)
        expect(await answers(await thread.open(TRACE_ID, chunks), given)).toEqual(inPlace)
      }
    })
    await fc.assert(law, { numRuns: 4, endOnFailure: true })
  })

  test('may be one of several at once, each with its own answer', async () => {
    const thread = newThread()
    const open = (count: number) => thread.open(TRACE_ID, [chunkOfSpans(Array(count).fill({ name: 'a' }), START_MS)])
    const opened = await Promise.all([1, 2, 3, 4].map(open))
    expect(opened.map(({ summary }) => summary.spans.length)).toEqual([1, 2, 3, 4])
  })
})

test('a trace of 256 KiB is left to the main thread, a larger one is not', async () => {
  const thread = newThread()
  const chunk = (bytes: number): Chunk => ({ ...chunkOfSpans([], START_MS), bytes: new Uint8Array(bytes) })
  expect(thread.openLarge(TRACE_ID, [chunk(128 * 1024), chunk(128 * 1024)])).toBeUndefined()
  const beyond = thread.openLarge(TRACE_ID, [chunk(128 * 1024), chunk(128 * 1024 + 1)])
  await expect(beyond).rejects.toThrow('field number 0')
})

test('a large trace is judged while the server runs', async () => {
  const runtime = await running.start(running.newHome('// Signal: MANY (info)\ntrace.count(a) > 5000\n'))
  const spans = Array.from({ length: 6_000 }, (_, index) => ({ name: 'a', id: index + 1 }))
  await running.send(runtime, spans)
  await running.pass(runtime, 60_000)
  expect(runtime.signals.find({}).map(({ event }) => event.data.signal)).toEqual(['MANY'])
  expect(await metric(runtime, 'betrace_judge_seconds_count')).toEqual(['betrace_judge_seconds_count 1'])
})

/** Dies of traces whose id begins with `f`; judges others as the thread does. */
const MORTAL = `
import { parentPort } from 'node:worker_threads'
parentPort.on('message', ({ traceId }) => { if (traceId[0] === 'f') process.exit(7) })
await import(${JSON.stringify(new URL('../../local/judge-worker.ts', import.meta.url).href)})
`

test('a thread that dies fails the trace it had, and is there again for the next', async () => {
  const program = join(newFolder(), 'mortal.mjs')
  writeFileSync(program, MORTAL)
  const thread = newThread(undefined, pathToFileURL(program))
  const chunks = [chunkOfSpans([{ name: 'a' }], START_MS)]
  const ids = ['a', 'f', 'a', 'f', 'a'].map((digit) => digit.repeat(32))
  const opened = await Promise.allSettled(ids.map((traceId) => thread.open(traceId, chunks)))
  expect(opened.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect(opened[1]).toMatchObject({ reason: { message: 'the thread that judges ended with 7' } })
})

describe('a thread that is closed', () => {
  test('drops the trace it has and what waits', async () => {
    const thread = new JudgeThread({ current: async () => NO_RULES }, SETTINGS)
    const chunks = [chunkOfSpans([{ name: 'a' }], START_MS)]
    const settled = Promise.allSettled([1, 2, 3].map(() => thread.open(TRACE_ID, chunks)))
    await thread.close()
    expect((await settled).slice(1).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(thread.open(TRACE_ID, chunks)).rejects.toThrow('is closed')
  })

  test('before it began, or twice, is closed', async () => {
    const thread = new JudgeThread({ current: async () => NO_RULES }, SETTINGS)
    await thread.close()
    await thread.close()
  })
})
