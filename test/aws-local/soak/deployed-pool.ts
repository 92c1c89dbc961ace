import type { Faux } from '../../emulators/emulators.ts'
import { functionName, type Synthesized } from '../../infra/synthesized.ts'
import { startFunction } from '../functions.ts'
import { type Names, resolved } from '../resources.ts'
import type { WorldClock } from './clock.ts'
import { randomFor } from './faults.ts'
import { type Perils, type Pool, type PoolOptions, startPool } from './pool.ts'

/** How many of each function are at work at once. */
export const INSTANCES = { ingest: 10, timer: 1, evaluator: 10 } as const
const PERILS: Readonly<Record<keyof typeof INSTANCES, Perils>> = {
  ingest: { killed: 0.03, outlived: 0, calls: 4 },
  timer: { killed: 0.05, outlived: 0, calls: 5 },
  evaluator: { killed: 0.08, outlived: 0.08, calls: 30 },
}
const LARGEST_SKEW_MS = 4_000
const BASE_ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_METRICS_DISABLED: 'true',
}

export type Handler = keyof typeof INSTANCES

/** Where an instance finds the emulators. */
interface Addresses {
  readonly dynamo: string
  readonly others: string
}

export interface Deployment extends Pick<PoolOptions, 'seed' | 'counts' | 'waits' | 'pass'> {
  readonly stack: Synthesized
  readonly names: Names
  readonly faux: Faux
  readonly clock: WorldClock
  readonly addresses: (instance: string) => Promise<Addresses>
}

/** The instances of one function: its bundle and environment as synthesized, each with addresses and a clock of its own. */
export function deployPool(deployment: Deployment, handler: Handler): Promise<Pool> {
  const { stack, names, faux, clock, addresses, seed, counts, waits, pass } = deployment
  const resource = Object.values(stack.resources).find((one) => functionName(one) === handler)
  const variables = resolved(resource?.Properties.Environment.Variables, names) as Readonly<Record<string, string>>
  const start = async (instance: string) => {
    const { dynamo, others } = await addresses(instance)
    const skewMs = randomFor(seed, `skew of ${instance}`).between(-LARGEST_SKEW_MS, LARGEST_SKEW_MS)
    const own = Object.entries(variables).map(([name, value]) => [name, value.replace(faux.endpoint, others)])
    const endpoints = { AWS_ENDPOINT_URL: others, AWS_ENDPOINT_URL_DYNAMODB: dynamo }
    const env = { ...Object.fromEntries(own), ...BASE_ENVIRONMENT, ...endpoints }
    const timeoutMs = resource?.Properties.Timeout * 1000
    return startFunction(stack.bundleFolder(handler), env, timeoutMs, { cell: clock.cell, skewMs })
  }
  const perils = PERILS[handler]
  return startPool({ name: handler, size: INSTANCES[handler], start, perils, seed, counts, waits, pass })
}

/** Addresses stay an instance's own when another is started in its place. */
export function addressBook<Address>(
  make: (instance: string) => Promise<Address>,
): (instance: string) => Promise<Address> {
  const known = new Map<string, Promise<Address>>()
  return (instance) => {
    const address = known.get(instance) ?? make(instance)
    known.set(instance, address)
    return address
  }
}
