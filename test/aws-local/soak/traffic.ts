import { Random } from '../../pipeline/model/random.ts'
import { shuffled } from './sources.ts'

/** A span as the soak knows it; times in milliseconds since 1970. */
export interface SoakSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly service: string
  readonly name: string
  /** Of OTLP. */
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, string | number>>
}

/**
 * steady: all parts that are sent in a phase are there before any verdict.
 * straggling: some parts come while verdicts are given, so that some see less than others.
 * hot: its first writes are refused. denied: it cannot be read at first, and ends among the dead letters.
 * rescued: expires before its timers fire. given-up: the same, and cannot be read then.
 */
type TraceKind = 'steady' | 'straggling' | 'hot' | 'denied' | 'rescued' | 'given-up'

/** One trace: what is sent at first, what while others are judged, and what after its verdict. */
export interface PlannedTrace {
  readonly traceId: string
  readonly kind: TraceKind
  readonly first: readonly SoakSpan[]
  readonly straggling: readonly SoakSpan[]
  readonly late: readonly SoakSpan[]
}

const SERVER = 2
const CLIENT = 3
const INTERNAL = 1

/** Spans that a request of the shop may have, with the parts of rules that they touch. */
const STEPS = [
  { service: 'checkout', name: 'cart.validate', kind: INTERNAL, attributes: () => ({}) },
  { service: 'payment', name: 'payment.charge', kind: CLIENT, attributes: () => ({ 'order.id': 'o-1' }) },
  { service: 'payment', name: 'payment.refund', kind: CLIENT, attributes: () => ({ 'order.id': 'o-1' }) },
  { service: 'search', name: 'api.request', kind: CLIENT, attributes: (r: Random) => ({ retries: r.between(0, 5) }) },
  {
    service: 'inventory',
    name: 'database.query',
    kind: CLIENT,
    attributes: (r: Random) => ({ 'tenant.id': 'tenant-A', table: r.pick(['orders', 'tenant_b_data', 'carts']) }),
  },
  { service: 'inventory', name: 'cache.check', kind: CLIENT, attributes: () => ({ 'cache.hit': 'false' }) },
  {
    service: 'search',
    name: 'circuit_breaker.state',
    kind: INTERNAL,
    attributes: (r: Random) => ({ state: r.pick(['open', 'closed']) }),
  },
  {
    service: 'search',
    name: 'retry.attempt',
    kind: INTERNAL,
    attributes: (r: Random) => ({ attempt: 2, interval_ms: r.pick([50, 500]) }),
  },
  {
    service: 'inventory',
    name: 'SELECT orders',
    kind: CLIENT,
    attributes: () => ({ 'db.system.name': 'postgresql', 'db.query.text': 'SELECT 1' }),
  },
] as const

/** Plans the given number of traces that start around `nowMs`; the same for the same seed. */
export function planTraces(seed: number, traces: number, nowMs: number): readonly PlannedTrace[] {
  const random = new Random(seed)
  return Array.from({ length: traces }, (_, number) => planTrace(random, kindOf(random, number), nowMs))
}

/** The first of any fifty traces; each refused write and attempt takes its time, so that they are a share of at most so many. */
const RARE: readonly TraceKind[] = ['hot', 'denied', 'given-up', 'rescued']
const MOST_AFFLICTED = 1_000

function kindOf(random: Random, number: number): TraceKind {
  const rare = RARE[number % 50]
  if (rare !== undefined) return number < MOST_AFFLICTED ? rare : 'rescued'
  return random.chance(0.3) ? 'straggling' : 'steady'
}

function planTrace(random: Random, kind: TraceKind, nowMs: number): PlannedTrace {
  const traceId = hex(random, 16)
  const rootId = hex(random, 8)
  const startMs = nowMs - random.between(0, 6_000)
  const root: SoakSpan = {
    ...{ traceId, spanId: rootId, parent: undefined, service: 'frontend', name: 'POST /checkout', kind: SERVER },
    ...{ startMs, endMs: startMs + 900, failed: false },
    attributes: { 'http.request.method': 'POST', 'http.response.status_code': random.pick([200, 200, 502]) },
  }
  const children: SoakSpan[] = []
  for (let left = random.between(1, 7); left > 0; left--) {
    const step = random.pick(STEPS)
    const parent = random.chance(0.8) ? rootId : (children.at(-1)?.spanId ?? rootId)
    const beganMs = startMs + random.between(1, 600)
    const { service, name, kind } = step
    const times = { startMs: beganMs, endMs: beganMs + random.between(0, 200), failed: random.chance(0.15) }
    children.push({
      ...{ traceId, spanId: hex(random, 8), parent, service, name, kind, ...times },
      attributes: step.attributes(random),
    })
  }
  // A trace that expires unjudged is judged as incomplete: only traces that are so anyway are compared in this.
  if (kind === 'rescued' || kind === 'given-up') return { traceId, kind, first: children, straggling: [], late: [] }
  const [early, late] = parted([root, ...children], () => random.chance(0.85))
  const [first, straggling] = parted(early, () => kind !== 'straggling' || random.chance(0.6))
  if (first.length > 0) return { traceId, kind, first, straggling, late }
  return { traceId, kind, first: [...straggling, ...late], straggling: [], late: [] }
}

function parted<Item>(items: readonly Item[], belongs: () => boolean): readonly [Item[], Item[]] {
  const taken: Item[] = []
  const left: Item[] = []
  for (const item of items) (belongs() ? taken : left).push(item)
  return [taken, left]
}

function hex(random: Random, bytes: number): string {
  return Array.from({ length: bytes }, () => random.between(1, 255).toString(16).padStart(2, '0')).join('')
}

/** What one export of one service carries. */
export type Batch = readonly SoakSpan[]

/**
 * A request a trace, as a Collector sends them that gathers traces first. For those that expire unjudged: a chunk that is
 * rescued is judged with what is left of its trace then, and of several chunks that expire one after the other only the first is.
 */
export function batchesByTrace(spans: readonly SoakSpan[]): readonly Batch[] {
  return [...Map.groupBy(spans, ({ traceId }) => traceId).values()]
}

/** Spans as SDKs send them: each service its own, several traces together, some of them twice. */
export function batchesOf(random: Random, spans: readonly SoakSpan[], mostSpans = 40): readonly Batch[] {
  const batches: Batch[] = []
  for (const own of Map.groupBy(spans, ({ service }) => service).values()) {
    const queue = shuffled(random, own)
    while (queue.length > 0) {
      const batch = queue.splice(0, random.between(1, mostSpans))
      // An export that timed out, sent again with what came since: spans come twice in different requests.
      if (random.chance(0.1)) queue.push(random.pick(batch))
      batches.push(batch)
    }
  }
  return shuffled(random, batches)
}
