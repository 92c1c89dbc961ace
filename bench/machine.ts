import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

const here = new URL('.', import.meta.url)

/** What a figure was measured with and on. */
export interface Machine {
  readonly version: string
  readonly commit: string
  readonly processor: string
  readonly node: string
}

/** This version of the project, and this machine. */
export function machine(): Machine {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', here), 'utf8')) as { version: string }
  const commit = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], { encoding: 'utf8' }).trim()
  const processor = `${cpus().length} x ${cpus()[0]?.model.trim()}`
  return { version, commit, processor, node: process.version }
}

/** Writes bench/results/NAME.json, to be committed. */
export function saveResult(name: string, result: object): void {
  mkdirSync(new URL('results/', here), { recursive: true })
  const whole = { suite: name, ...machine(), ...result }
  writeFileSync(new URL(`results/${name}.json`, here), `${JSON.stringify(whole, null, 2)}\n`)
}
