import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlesFolder } from '../infra/bundle.ts'
import { ENVIRONMENT } from '../shared/aws/deployment.ts'
import type { Case, Figure, Suite } from './suite.ts'

const EMPTY = 'empty handler'
const NOTHING = 'empty.mjs'
/** Loads a module as Lambda does, then tells what processor time the process took since it was started. */
const LOAD = 'await import(process.argv[1]);const{user,system}=process.cpuUsage();console.log((user+system)/1000)'

/** A new Node process up to the moment when the bundled handler can take its first event, against one with an empty handler. */
export const suite: Suite = { name: 'cold-start', cases: coldStarts, figures: bundleSizes }

/** What Lambda has to fetch and parse: most of what a start takes. The largest replays experiments and reads notify.yaml. */
const MOST_KILOBYTES = 1100

function coldStarts(): readonly Case[] {
  const folder = bundlesFolder()
  const handlers = bundleFiles(folder)
  const empty = join(folder, NOTHING)
  writeFileSync(empty, 'export const handler = async () => {}\n')
  const against = { baseline: EMPTY, ratio: 'times slower', atMost: 8 } as const
  const bundles = handlers.map((file) => ({ ...loading(join(folder, file)), name: nameOf(file), against }))
  return [{ ...loading(empty), name: EMPTY }, ...bundles]
}

/** The bundles as they are deployed, one a function. */
function bundleSizes(): readonly Figure[] {
  const folder = bundlesFolder()
  return bundleFiles(folder).map((file): Figure => {
    const value = statSync(join(folder, file)).size / 1000
    return { name: `${nameOf(file)}: bundle`, value, unit: 'KB', better: 'less', atMost: MOST_KILOBYTES }
  })
}

const bundleFiles = (folder: string) =>
  readdirSync(folder)
    .sort()
    .filter((file) => file !== NOTHING)
const nameOf = (file: string) => file.replace('.mjs', '')

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
    [ENVIRONMENT.redactedKeys]: '[]',
    [ENVIRONMENT.requestLimits]: '{}',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  }
}
