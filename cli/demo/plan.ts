import { join } from 'node:path'
import { CommandError } from '../command-error.ts'
import { packageRoot } from '../package-root.ts'

/** Where a request enters the shop, or which of its jobs runs. */
export type Route =
  | 'checkout'
  | 'product page'
  | 'sales report'
  | 'database failover'
  | 'payment probe'
  | 'region failover'

/** The packs that have the rules of the planted mistakes, and where they lie. */
export const SHOP_FOLDER = join(packageRoot(), 'optional-rules')
export const SHOP_PACKS = ['expected-behaviour', 'resilience', 'failover'] as const

/** A mistake planted in one request, named by the rule that must notice it. */
export type Fault = (typeof FAULTS)[number][0]

/** One request to send; without a fault it behaves as it should. */
export interface PlannedRequest {
  readonly number: number
  readonly route: Route
  readonly fault?: Fault
}

/** Each fault with the route that carries it and how many requests do. */
const FAULTS = [
  ['PAYMENT_INVARIANT_VIOLATION', 'checkout', 3],
  ['CACHE_BYPASS_DETECTED', 'product page', 3],
  ['TENANT_ISOLATION_VIOLATION', 'sales report', 1],
  ['DATA_LOSS_DETECTED', 'database failover', 1],
  ['WRITE_TO_REPLICA_DETECTED', 'database failover', 2],
  ['CIRCUIT_BREAKER_NOT_OPENED', 'payment probe', 1],
  ['REQUEST_DURING_OPEN_CIRCUIT', 'payment probe', 2],
  ['RETRY_LIMIT_EXCEEDED', 'checkout', 2],
  ['BACKOFF_TOO_AGGRESSIVE', 'checkout', 2],
  ['DROPPED_REQUESTS_DURING_FAILOVER', 'region failover', 1],
  ['CROSS_REGION_DATA_ACCESS', 'checkout', 1],
] as const satisfies readonly (readonly [string, Route, number])[]

/** What a healthy shop does, by weight. */
const HEALTHY: readonly Route[] = [
  'checkout',
  'checkout',
  'checkout',
  'checkout',
  'product page',
  'product page',
  'product page',
  'product page',
  'product page',
  'sales report',
  'database failover',
  'payment probe',
  'region failover',
]

/** Requests in the order they are sent, the same for the same seed: every fault of the table, the rest healthy. */
export function planRequests(count: number, seed: number): readonly PlannedRequest[] {
  const random = randomNumbers(seed)
  const planned: { route: Route; fault?: Fault }[] = FAULTS.flatMap(([fault, route, times]) =>
    Array.from({ length: times }, () => ({ route, fault })),
  )
  if (planned.length > count) {
    throw new CommandError(
      `${count} requests cannot carry ${planned.length} faults`,
      `let there be ${planned.length} or more`,
    )
  }
  for (let healthy = 0; planned.length < count; healthy++) {
    planned.push({ route: HEALTHY[healthy % HEALTHY.length] ?? 'checkout' })
  }
  return shuffle(planned, random).map((request, index) => ({ number: index + 1, ...request }))
}

function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

/** A linear congruential generator (Numerical Recipes constants): numbers in [0, 1), the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
