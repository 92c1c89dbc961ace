import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ENVIRONMENT } from '../shared/stores/deployment.ts'
import type { Case, Suite } from './suite.ts'

const ROOT = join(import.meta.dirname, '..')
const EMPTY = 'empty handler'
/** Loads a module as Lambda does, then tells what processor time the process took since it was started. */
const LOAD = 'await import(process.argv[1]);const{user,system}=process.cpuUsage();console.log((user+system)/1000)'

/** A new Node process up to the moment when the bundled handler can take its first event, against one with an empty handler. */
export const suite: Suite = { name: 'cold-start', cases: coldStarts }

function coldStarts(): readonly Case[] {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-cold-start-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const empty = join(folder, 'empty.mjs')
  writeFileSync(empty, 'export const handler = async () => {}\n')
  const against = { baseline: EMPTY, ratio: 'times slower', atMost: 8 } as const
  const bundles = handlerNames().map((name) => {
    const bundle = join(folder, `${name}.mjs`)
    execFileSync(process.execPath, [join(ROOT, 'infra', 'bundle-handler.ts'), name, bundle])
    const kilobytes = Math.round(statSync(bundle).size / 1000)
    return { ...loading(bundle), name: `${name} (${kilobytes} KB)`, against }
  })
  return [{ ...loading(empty), name: EMPTY }, ...bundles]
}

/** The files of lambdas/ that functions are made of. */
function handlerNames(): readonly string[] {
  const folder = join(ROOT, 'lambdas')
  const isEntry = (file: string) => readFileSync(join(folder, file), 'utf8').includes('export const handler =')
  return readdirSync(folder)
    .filter(isEntry)
    .map((file) => file.replace(/\.ts$/, ''))
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
