import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CheckedFigure, Measurement } from './suite.ts'
import type { Table } from './table.ts'

/** Where committed results lie. */
export const RESULTS_FOLDER = fileURLToPath(new URL('results/', import.meta.url))

/** What a figure was measured with and on. */
export interface Machine {
  readonly version: string
  readonly commit: string
  readonly processor: string
  readonly node: string
}

/** A suite's result, as it is committed. */
export interface SuiteResult extends Machine {
  readonly suite: string
  readonly measurements: readonly Measurement[]
  readonly figures?: readonly CheckedFigure[]
  readonly tables?: Readonly<Record<string, Table>>
}

/** This version of the project, and this machine. */
export function machine(): Machine {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const commit = `${git('describe', '--always', '--abbrev=12')}${changedSources() ? '-dirty' : ''}`
  const processor = `${cpus().length} x ${cpus()[0]?.model.trim()}`
  return { version, commit, processor, node: process.version }
}

/** Results of the same run and the pages that show them make no source another. */
function changedSources(): boolean {
  return git('status', '--porcelain', '--', '.', ':!bench/results', ':!docs', ':!README.md') !== ''
}

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-C', join(import.meta.dirname, '..'), ...args], { encoding: 'utf8' }).trim()
}

/** Writes bench/results/NAME.json, to be committed. */
export function saveResult(name: string, result: object): void {
  mkdirSync(RESULTS_FOLDER, { recursive: true })
  const whole = { suite: name, ...machine(), ...result }
  writeFileSync(join(RESULTS_FOLDER, `${name}.json`), `${JSON.stringify(whole, null, 2)}\n`)
}

/** The suites' results in a file or a folder of them; other results, such as that of the load test, are left out. */
export function readSuiteResults(path: string): readonly SuiteResult[] {
  if (!existsSync(path)) throw new Error(`${path} does not exist: give a file or a folder such as bench/results`)
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((file) => file.endsWith('.json'))
        .sort()
        .map((file) => join(path, file))
    : [path]
  const results = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Partial<SuiteResult>)
  return results.filter((result): result is SuiteResult => Array.isArray(result.measurements))
}
