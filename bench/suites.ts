import { readdirSync } from 'node:fs'
import { machine, type SuiteResult } from './machine.ts'
import { measure, type Running } from './measure.ts'
import { groupsOf, withOwnProcesses } from './own-process.ts'
import { cpuMs, settle } from './processor-time.ts'
import { REFERENCE } from './reference.ts'
import { type Effort, runHere } from './runner.ts'
import { type Measurement, type Size, type Suite, within } from './suite.ts'

/** Each `NAME.bench.ts` of this folder is a suite. */
export function suiteNames(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .flatMap((file) => file.match(/^(.+)\.bench\.ts$/)?.[1] ?? [])
    .sort()
}

/** The suites of these names, or all. */
export async function loadSuites(names: readonly string[]): Promise<readonly Suite[]> {
  const known = suiteNames()
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no suite is named ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const chosen = names.length > 0 ? names : known
  return Promise.all(chosen.map(async (name) => (await import(`./${name}.bench.ts`)).suite as Suite))
}

/** Measures all cases of a suite, and counts what it counts. */
export async function measureSuite(suite: Suite, effort: Effort, size: Size): Promise<SuiteResult> {
  const cases = await suite.cases(size)
  const withReference = (running: readonly Running[]) =>
    measure(running, effort.rounds, runHere(REFERENCE, effort, cpuMs, settle))
  const measurements: Measurement[] = []
  // Quickly, a process for each case would cost more than it measures.
  if (suite.ownProcesses && size === 'full') {
    for (const group of groupsOf(cases)) {
      measurements.push(...(await withOwnProcesses(suite, group, effort, size, withReference)))
    }
  } else {
    const running = cases.map((of) => ({ of, runner: runHere(of, effort, cpuMs, settle) }))
    measurements.push(...(await withReference(running)))
  }
  const found = await suite.findings?.(size)
  const figures = found?.figures ?? (await suite.figures?.(size))
  const checked = figures?.map((figure) => ({ ...figure, holds: within(figure.value, figure) }))
  return {
    ...{ suite: suite.name, ...machine(), measurements },
    ...(checked !== undefined && { figures: checked }),
    ...(found !== undefined && { tables: found.tables }),
  }
}
