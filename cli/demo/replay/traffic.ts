import { encodeTrace, type TrafficSpan } from './encode-trace.ts'

/** One trace of a made-up shop. */
export interface ShopTrace {
  readonly traceId: string
  /** When it starts, milliseconds since 1970. */
  readonly startMs: number
  /** TracesData. */
  readonly chunk: Uint8Array
  readonly spanCount: number
}

export interface TrafficPlan {
  readonly fromMs: number
  readonly hours: number
  /** At the busiest time of day; at night it is a fifth. */
  readonly tracesAnHour: number
  /** How many checkouts call the payment provider more often than three times. */
  readonly violations: number
  readonly seed: number
}

const HOUR_MS = 3_600_000

/**
 * The same traffic for the same plan, oldest first; `onViolation` gets the trace ids that break the rule "retries
 * should never exceed 3". Others come close: three retries, or more of them on another span.
 */
export function* shopTraffic(plan: TrafficPlan, onViolation: (traceId: string) => void): Generator<ShopTrace> {
  const random = randomNumbers(plan.seed)
  const planted = plantViolations(plan, random)
  for (let hour = 0; hour < plan.hours; hour++) {
    const startMs = plan.fromMs + hour * HOUR_MS
    const count = tracesIn(plan, startMs)
    const violating = planted.get(hour) ?? 0
    for (let i = 0; i < count; i++) {
      const violates = Math.floor(((i + 1) * violating) / count) > Math.floor((i * violating) / count)
      const trace = shopTrace(startMs + Math.floor((HOUR_MS * i) / count), violates, random)
      if (violates) onViolation(trace.traceId)
      yield trace
    }
  }
}

/** A wave over the day, lowest at midnight UTC. */
function tracesIn({ tracesAnHour }: TrafficPlan, startMs: number): number {
  const hourOfDay = new Date(startMs).getUTCHours()
  return Math.max(1, Math.round(tracesAnHour * (0.6 - 0.4 * Math.cos((hourOfDay / 24) * 2 * Math.PI))))
}

/** How many violations each hour gets: at most as many as it has traces. */
function plantViolations(plan: TrafficPlan, random: Random): ReadonlyMap<number, number> {
  const planted = new Map<number, number>()
  let left = plan.violations
  for (let tries = 0; left > 0; tries++) {
    if (tries > 1000 * plan.violations)
      throw new RangeError(`${plan.violations} violations do not fit into the traffic`)
    const hour = Math.floor(random() * plan.hours)
    const before = planted.get(hour) ?? 0
    if (before >= tracesIn(plan, plan.fromMs + hour * HOUR_MS)) continue
    planted.set(hour, before + 1)
    left--
  }
  return planted
}

type Random = () => number

/** A linear congruential generator (Numerical Recipes constants): numbers in [0, 1), the same for the same seed. */
function randomNumbers(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** What a span may look like: its name, the service it belongs to, and its own attributes. */
interface Step {
  readonly name: string
  readonly service: string
  readonly kind: number
  readonly attributes: (random: Random) => TrafficSpan['attributes']
}

const BROWSE: readonly Step[] = [
  step('GET /products/{id}', 'web', 2, (random) => ({ ...http(random, 'GET'), 'product.id': whole(random, 5000) })),
  step('cache.get', 'catalog', 3, (random) => ({ 'cache.hit': random() < 0.8, retries: whole(random, 6) })),
  step('db.query', 'catalog', 3, (random) => db(random, 'SELECT product')),
  step('price.quote', 'pricing', 2, (random) => ({ currency: 'EUR', amount: cents(random) })),
  step('recommendations.list', 'recommendations', 2, (random) => ({ 'model.version': 'v7', count: whole(random, 20) })),
]

const CHECKOUT: readonly Step[] = [
  step('POST /checkout', 'web', 2, (random) => http(random, 'POST')),
  step('cart.validate', 'cart', 2, (random) => ({
    'cart.id': `c-${whole(random, 1e6)}`,
    'cart.items': whole(random, 9),
  })),
  step('db.query', 'cart', 3, (random) => db(random, 'SELECT cart')),
  step('inventory.reserve', 'inventory', 2, (random) => ({ 'warehouse.id': whole(random, 12), reserved: true })),
  step('db.query', 'inventory', 3, (random) => db(random, 'UPDATE stock')),
  step('payment.charge', 'payment', 2, (random) => ({
    amount: cents(random),
    currency: 'EUR',
    'card.network': 'visa',
  })),
  step('api.request', 'payment', 3, (random) => ({
    ...http(random, 'POST'),
    'peer.service': 'psp',
    retries: whole(random, 4),
  })),
  step('db.query', 'payment', 3, (random) => db(random, 'INSERT payment')),
  step('shipping.quote', 'shipping', 2, (random) => ({ carrier: 'dhl', 'quote.days': 1 + whole(random, 5) })),
  step('email.send', 'email', 4, (random) => ({ template: 'order-confirmation', attempt: 1 + whole(random, 2) })),
]

function step(name: string, service: string, kind: number, attributes: Step['attributes']): Step {
  return { name, service, kind, attributes }
}

const BROWSING_SHARE = 0.6

function shopTrace(startMs: number, violates: boolean, random: Random): ShopTrace {
  const steps = violates || random() >= BROWSING_SHARE ? CHECKOUT : BROWSE
  const traceId = hex(random, 16)
  const rootId = hex(random, 8)
  const spans = steps.map((each, index): TrafficSpan => {
    const startNanos = BigInt(startMs) * 1_000_000n + BigInt(index * 1_500_000 + whole(random, 900_000))
    const attributes = { ...each.attributes(random), 'thread.id': whole(random, 64), 'session.id': hex(random, 4) }
    const retries = violates && each.name === 'api.request' ? { retries: 4 + whole(random, 3) } : {}
    return {
      name: each.name,
      service: each.service,
      kind: each.kind,
      spanId: index === 0 ? rootId : hex(random, 8),
      parentSpanId: index === 0 ? '' : rootId,
      startNanos,
      endNanos: startNanos + BigInt(200_000 + whole(random, 30_000_000)),
      attributes: { ...attributes, ...retries },
    }
  })
  return { traceId, startMs, chunk: encodeTrace(traceId, spans), spanCount: spans.length }
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below)
}

function cents(random: Random): number {
  return whole(random, 50_000) / 100
}

function http(random: Random, method: string) {
  return {
    'http.request.method': method,
    'http.response.status_code': random() < 0.01 ? 500 : 200,
    'user.id': `u-${whole(random, 40_000)}`,
    'url.scheme': 'https',
  }
}

function db(random: Random, statement: string) {
  return { 'db.system': 'postgresql', 'db.statement': statement, 'db.rows': whole(random, 40) }
}

const DIGITS = '0123456789abcdef'

function hex(random: Random, bytes: number): string {
  let text = ''
  for (let i = 0; i < 2 * bytes; i++) text += DIGITS[whole(random, 16)]
  return text
}
