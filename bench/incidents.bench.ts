import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shopTraffic } from '../cli/demo/replay/traffic.ts'
import { openDependencies } from '../local/dependencies.ts'
import { EvaluatorLoop } from '../local/evaluator-loop.ts'
import { runtimeSettings } from '../local/settings.ts'
import { newChunk } from '../shared/pipeline/chunk.ts'
import type { IncidentLedger } from '../shared/pipeline/ports.ts'
import { cpuMsOf, newStorm } from './data/incident-storm.ts'
import { once } from './once.ts'
import { settle } from './processor-time.ts'
import type { Case, Figure, Size, Suite } from './suite.ts'

/** What incidents cost the judging of traces, and a storm of them. */
export const suite: Suite = { name: 'incidents', cases, figures }

const NOTHING: IncidentLedger = { take: async () => {}, countExercise: () => {} }
const HOUR_MS = 3_600_000
const TRACES = 400
/** One trace in a hundred breaks the first rule; all traces exercise every rule. */
const PLAN = { fromMs: Date.UTC(2025, 9, 15, 8), hours: 1, tracesAnHour: 2_000, violations: 20, seed: 2 }
const BROKEN = 'RETRIES'
const RULES = [
  `// Signal: ${BROKEN} (high)\ntrace.has(api.request).where(retries > 3)\n`,
  ...Array.from({ length: 9 }, (_, index) => {
    return `// Signal: HELD_${index} (medium)\nwhen { trace.has(api.request) } always { trace.count(api.request) < ${1_000 + index} }\n`
  }),
].join('\n')

const folder = once(() => {
  const made = mkdtempSync(join(tmpdir(), 'betrace-bench-'))
  process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  return made
})
const traffic = once(() => [...shopTraffic(PLAN, () => {})].slice(0, TRACES))

async function cases(): Promise<readonly Case[]> {
  const baseline = 'judging with a ledger that does nothing'
  const perTrace = { units: TRACES, unit: 'trace' }
  return [
    { name: baseline, run: await judging('nothing', NOTHING), ...perTrace },
    {
      ...{ name: 'judging with incidents, 1 % of the traces break a rule', run: await judging('incidents') },
      ...perTrace,
      against: { baseline, ratio: 'times slower', atMost: 1.05 },
    },
  ]
}

/** Stores and judges the same traces under other ids, as the server does. */
async function judging(name: string, ledger?: IncidentLedger): Promise<() => Promise<void>> {
  const [data, rules] = [join(folder(), name), join(folder(), `${name}-rules`)]
  mkdirSync(rules)
  writeFileSync(join(rules, 'bench.rules'), RULES)
  let nowMs = PLAN.fromMs + HOUR_MS
  const settings = runtimeSettings({ maxSignalsPerMinute: 1e9 })
  const options = {
    ...{ dataFolder: data, rulePaths: [rules], clock: () => nowMs, log: () => {} },
    archive: { write: async () => {} },
  }
  const { evaluator, buffer, timers, incidents, notifier } = await openDependencies(options, settings, [])
  const judge = { ...evaluator, incidents: ledger ?? evaluator.incidents }
  const loop = new EvaluatorLoop(judge, timers, { sizeBytes: (id) => buffer.sizeBytes(id), check: async () => {} })
  let run = 0
  return async () => {
    run++
    await buffer.append(traffic().map((trace, index) => renamed(trace, (run << 12) + index, nowMs)))
    nowMs += 2 * settings.quietPeriodMs
    await loop.runDue()
    if (ledger !== undefined) return
    await incidents.runDue()
    await notifier.runDue()
    const broken = incidents.violations(BROKEN) / (run * TRACES)
    if (broken < 0.01 || broken > 0.015) throw new Error(`${broken} of the traces broke ${BROKEN}`)
  }
}

/** The chunk of a trace whose id ends with a number. */
function renamed({ traceId, chunk, spanCount }: ReturnType<typeof traffic>[number], number: number, nowMs: number) {
  const end = number.toString(16).padStart(8, '0')
  const [before, after] = [Buffer.from(traceId, 'hex'), Buffer.from(traceId.slice(0, -8) + end, 'hex')]
  const bytes = Buffer.from(chunk)
  for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at + 16)) after.copy(bytes, at)
  return newChunk(after.toString('hex'), nowMs, bytes, spanCount)
}

const A_SECOND = 1_000
const MEBIBYTE = 2 ** 20

async function figures(size: Size): Promise<readonly Figure[]> {
  const [before, more] = size === 'quick' ? [500, 1_000] : [10_000, 60 * A_SECOND]
  const storm = newStorm(join(folder(), 'storm.db'), before + more)
  await storm.open(before, A_SECOND)
  const ms = (name: string, value: number, atMost: number): Figure => ({
    name,
    value,
    unit: 'ms',
    better: 'less',
    atMost,
  })
  const open = before.toLocaleString('en')
  const atFirst = [
    ms(`incidents on /metrics while ${open} are open, processor time`, await cpuMsOf(() => storm.metrics()), 100),
    ms(`a look each second while ${open} are open, processor time`, await cpuMsOf(() => storm.look()), 10),
  ]
  settle()
  const heapBefore = process.memoryUsage().heapUsed
  const spentMs = await cpuMsOf(() => storm.open(more, A_SECOND))
  settle()
  const grown = (process.memoryUsage().heapUsed - heapBefore) / MEBIBYTE
  if (storm.countOpen() !== before + more) throw new Error(`only ${storm.countOpen()} incidents are open`)
  return [
    ...atFirst,
    {
      ...{ name: `openings while ${open} and more are open`, value: (more * 1000) / spentMs },
      ...{ unit: 'a second and core', better: 'more', atLeast: A_SECOND },
    },
    {
      ...{ name: 'notifications that wait after a minute of 1,000 openings a second', value: storm.backlog() },
      ...{ unit: 'deliveries', better: 'less', atMost: 2 * A_SECOND },
    },
    {
      ...{ name: 'memory after a minute of 1,000 openings a second', value: Math.max(0, grown) },
      ...{ unit: 'MiB more', better: 'less', atMost: 8 },
    },
  ]
}
