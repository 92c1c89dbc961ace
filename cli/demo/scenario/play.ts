import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Runtime } from '../../../local/runtime.ts'
import { startRuntime } from '../../../local/runtime.ts'
import { settleMs } from '../../../shared/pipeline/experiment-calendar.ts'
import type { ExperimentVerdict } from '../../../shared/pipeline/experiment-verdict.ts'
import { verdictLines } from '../../../shared/text/verdict-text.ts'
import { openApi, readExperiment } from '../../api-client.ts'
import { packageRoot } from '../../package-root.ts'
import { type ExitCode, paint, type Terminal, write } from '../../terminal.ts'
import { circuitBreaker } from './circuit-breaker.ts'
import { databaseFailover } from './database-failover.ts'
import { multiRegion } from './multi-region.ts'
import { retryLogic } from './retry-logic.ts'
import { openShop, type Scenario, startTimeline } from './scenario.ts'

const SCENARIOS = {
  'circuit-breaker': circuitBreaker,
  'database-failover': databaseFailover,
  'retry-logic': retryLogic,
  'multi-region': multiRegion,
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof SCENARIOS

/** Requests before the fault is injected, and as many while it is. */
const REQUESTS = 24
const PHASE_MS = 60_000

/**
 * Plays a chaos experiment on the shop: a minute without the fault, a minute with it, told to the server as Gremlin's
 * webhooks tell it, then the verdict. Time passes as the shop works, so that it takes a second or two. Exit code 0 if
 * the invariants held.
 */
export async function playScenario(name: ScenarioName, broken: boolean, terminal: Terminal): Promise<ExitCode> {
  const scenario = SCENARIOS[name]
  await write(terminal.stdout, opening(scenario, broken))
  const verdict = await experimentOn(name, broken)
  const lines = verdictLines(verdict, (style, text) => paint(terminal.stdout, style, text))
  await write(terminal.stdout, `${lines.join('\n')}\n`)
  return verdict.outcome === 'held' ? 0 : 1
}

function opening({ fault, healthy, broken: failing }: Scenario, broken: boolean): string {
  const shop = broken ? `The shop is broken: ${failing}.` : `The shop should cope: ${healthy}.`
  return `Injected for a minute: ${fault}.\n${shop}\n\n`
}

/** Runs the experiment from its first request to its verdict. */
async function experimentOn(name: ScenarioName, broken: boolean): Promise<ExperimentVerdict> {
  const scenario = SCENARIOS[name]
  const folder = await mkdtemp(join(tmpdir(), 'betrace-scenario-'))
  const timeline = startTimeline(Math.floor(Date.now() / 1000) * 1000)
  try {
    const runtime = await startRuntime({
      dataFolder: join(folder, 'data'),
      rulePaths: [await rulesOf(scenario, folder)],
      settings: { port: 0 },
      clock: timeline.now,
      // Time moves only while the shop is at work.
      scheduler: { after: () => () => {} },
    })
    try {
      return await injected(scenario, name, broken, runtime, timeline)
    } finally {
      await runtime.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function injected(
  scenario: Scenario,
  name: ScenarioName,
  broken: boolean,
  runtime: Runtime,
  timeline: ReturnType<typeof startTimeline>,
): Promise<ExperimentVerdict> {
  const api = await openApi({ url: runtime.url })
  const attack = { attackId: `demo-${name}`, attackType: name, source: 'WebApp', name, rules: scenario.rules }
  let faulty = false
  const shop = openShop(scenario, broken, runtime.url, { timeline, faulty: () => faulty })
  const phase = async () => {
    const endMs = timeline.now() + PHASE_MS
    for (let number = 0; number < REQUESTS; number++) {
      const nextMs = timeline.now() + PHASE_MS / REQUESTS
      await shop.serve(number)
      timeline.pass(Math.max(0, Math.min(nextMs, endMs) - timeline.now()))
    }
    timeline.pass(Math.max(0, endMs - timeline.now()))
    await shop.flush()
  }
  try {
    await phase()
    await api.post('/v1/experiments', { ...attack, attackStatus: 'Running', time: timeline.now() })
    faulty = true
    await phase()
    await api.post('/v1/experiments', {
      ...attack,
      attackStatus: 'Finished',
      stage: 'Successful',
      time: timeline.now(),
    })
  } finally {
    await shop.stop()
  }
  timeline.pass(settleMs(runtime.settings))
  await runtime.runDue()
  const { verdict } = await readExperiment(api, `gremlin-demo-${name}`)
  if (verdict === null) throw new Error('the experiment got no verdict')
  return verdict
}

/** A file with the scenario's rules alone, as its pack has them. */
async function rulesOf({ pack, rules }: Scenario, folder: string): Promise<string> {
  const text = await readFile(join(packageRoot(), 'optional-rules', pack), 'utf8')
  const own = text
    .split(/(?=^\/\/ Signal: )/m)
    .filter((rule) => rules.some((name) => rule.startsWith(`// Signal: ${name} `)))
  const file = join(folder, pack)
  await writeFile(file, own.join('\n'))
  return file
}
