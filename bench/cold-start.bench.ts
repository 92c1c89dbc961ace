import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlesFolder } from '../infra/bundle.ts'
import { ENVIRONMENT } from '../shared/stores/deployment.ts'
import type { Case, Suite } from './suite.ts'

const EMPTY = 'empty handler'
/** Loads a module as Lambda does, then tells what processor time the process took since it was started. */
const LOAD = 'await import(process.argv[1]);const{user,system}=process.cpuUsage();console.log((user+system)/1000)'

/** A new Node process up to the moment when the bundled handler can take its first event, against one with an empty handler. */
export const suite: Suite = { name: 'cold-start', cases: coldStarts }

function coldStarts(): readonly Case[] {
  const folder = bundlesFolder()
  const handlers = readdirSync(folder).sort()
  const empty = join(folder, 'empty.mjs')
  writeFileSync(empty, 'export const handler = async () => {}\n')
  const against = { baseline: EMPTY, ratio: 'times slower', atMost: 8 } as const
  const bundles = handlers.map((file) => {
    const kilobytes = Math.round(statSync(join(folder, file)).size / 1000)
    return { ...loading(join(folder, file)), name: `${file.replace('.mjs', '')} (${kilobytes} KB)`, against }
  })
  return [{ ...loading(empty), name: EMPTY }, ...bundles]
}

function loading(module: string): Omit<Case, 'name'> {
  let spentMs = 0
  const run = () => {
    const args = ['--input-type=module', '--eval', LOAD, module]
    const ms = Number(execFileSync(process.execPath, args, { encoding: 'utf8', env: functionEnvironment() }))
    spentMs += ms
    return ms
  }
  return { run, units: 1, unit: 'start', stopwatch: () => spentMs }
}

function functionEnvironment(): Readonly<Record<string, string>> {
  const variables = Object.values(ENVIRONMENT).map((variable) => [variable, 'name'])
  return {
    ...Object.fromEntries(variables),
    [ENVIRONMENT.judging]: '{}',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  }
}
