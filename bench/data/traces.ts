import { convertJson } from '../../shared/otlp/json.ts'
import type { Random } from './random.ts'

/** One trace as an SDK or the Collector sends it: the bytes of a TracesData message. */
export interface RecordedTrace {
  readonly traceId: string
  readonly bytes: Uint8Array
  readonly spanCount: number
}

type Attributes = Readonly<Record<string, string | number | boolean>>

interface Operation {
  readonly service: string
  readonly name: string
  readonly kind: number
  readonly attributes: (random: Random) => Attributes
}

const client = 3
const server = 2
const internal = 1

/**
 * The shape of DeathStarBench's media service as Jaeger records it: 27 spans, 21 names, 10 services, few attributes, a
 * resource of four.
 */
export function reviewTrace(random: Random): RecordedTrace {
  const operations = Array.from({ length: 27 }, (_, index): Operation => {
    const step = index % 21
    return {
      service: `${reviewServices[step % 10]}-service`,
      name: reviewNames[step] as string,
      kind: internal,
      attributes: index === 0 ? frontAttributes : noAttributes,
    }
  })
  return record(random, operations, { hostname: 'node-1', ip: '127.0.0.1', 'jaeger.version': 'C++-0.4.2' })
}

const reviewServices = ['nginx', 'compose', 'user', 'movie', 'text', 'rating', 'id', 'review', 'storage', 'cache']
const reviewNames = [
  '/review/compose',
  ...['Compose', 'Upload', 'Register', 'Read', 'Store'].flatMap((verb) =>
    ['Review', 'User', 'Movie', 'Rating'].map((noun) => `${verb}${noun}`),
  ),
]

function noAttributes(): Attributes {
  return {}
}

function frontAttributes(random: Random): Attributes {
  return {
    'http.method': 'POST',
    'http.status_code': random.pick([200, 200, 200, 500]),
    'http.url': `http://front:8080/review/compose?user=${random.below(1e6)}`,
    'nginx.worker_pid': String(random.below(12)),
  }
}

/** A purchase in a web shop instrumented with semantic conventions: `spans` spans of 12 names in 6 services. */
export function shopTrace(random: Random, spans: number): RecordedTrace {
  const operations = Array.from(
    { length: spans },
    (_, index) => shopOperations[index % shopOperations.length] as Operation,
  )
  return record(random, operations, {
    'telemetry.sdk.language': 'nodejs',
    'deployment.environment.name': 'production',
    'service.version': '1.42.0',
    'host.name': `ip-10-0-${random.below(255)}-${random.below(255)}`,
  })
}

const shopOperations: readonly Operation[] = [
  { service: 'front', name: 'POST /checkout', kind: server, attributes: httpServer },
  { service: 'cart', name: 'GET /cart/{id}', kind: server, attributes: httpServer },
  { service: 'cart', name: 'cart.validate', kind: internal, attributes: cart },
  { service: 'cart', name: 'SELECT carts', kind: client, attributes: database },
  { service: 'stock', name: 'POST /reserve', kind: server, attributes: httpServer },
  { service: 'stock', name: 'UPDATE stock', kind: client, attributes: database },
  { service: 'payment', name: 'POST /charge', kind: server, attributes: httpServer },
  { service: 'payment', name: 'payment.charge', kind: internal, attributes: cart },
  { service: 'payment', name: 'POST', kind: client, attributes: httpClient },
  { service: 'payment', name: 'INSERT payments', kind: client, attributes: database },
  { service: 'mail', name: 'mail.send', kind: internal, attributes: cart },
  { service: 'audit', name: 'audit.write', kind: internal, attributes: cart },
]
/** Validations of carts, then a charge for each; `own`: every pair has a cart of its own, `one`: all have the same. */
export function cartsTrace(random: Random, spans: number, carts: 'own' | 'one'): RecordedTrace {
  const pairs = spans / 2
  const operations = Array.from({ length: spans }, (_, index): Operation => {
    const id = `cart-${carts === 'own' ? index % pairs : 0}`
    const name = index < pairs ? 'cart.validate' : 'payment.charge'
    return { service: 'shop', name, kind: internal, attributes: (each) => ({ ...cart(each), 'cart.id': id }) }
  })
  return record(random, operations, { 'deployment.environment.name': 'production' })
}

export const shopNames = shopOperations.map(({ name }) => name)

function httpServer(random: Random): Attributes {
  return {
    'http.request.method': random.pick(['GET', 'POST']),
    'url.path': `/checkout/${random.below(1e6)}`,
    'http.route': '/checkout/{id}',
    'http.response.status_code': random.pick([200, 200, 201, 404, 503]),
    'server.address': 'shop.example',
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    'client.address': `192.0.2.${random.below(255)}`,
  }
}

function httpClient(random: Random): Attributes {
  return {
    'http.request.method': 'POST',
    'url.full': `https://bank.example/v2/charges/${random.below(1e6)}`,
    'server.address': 'bank.example',
    'server.port': 443,
    'http.response.status_code': random.pick([200, 402, 429]),
    'http.request.resend_count': random.below(4),
  }
}

function database(random: Random): Attributes {
  return {
    'db.system.name': 'postgresql',
    'db.namespace': 'shop',
    'db.query.text': `SELECT id, total, currency FROM carts WHERE id = ${random.below(1e6)}`,
    'db.operation.name': random.pick(['SELECT', 'UPDATE']),
    'db.response.returned_rows': random.below(500),
    'server.address': random.pick(['db-primary', 'db-replica']),
  }
}

function cart(random: Random): Attributes {
  return {
    amount: random.below(5000),
    currency: random.pick(['EUR', 'USD', 'GBP']),
    'tenant.id': `tenant-${random.below(50)}`,
    'app.retries': random.below(5),
    verified: random.pick([true, false]),
  }
}

const epochNanos = 1_767_225_600_000_000_000n

/** The spans as a chain of calls, the first the root, a resource for each service. */
function record(random: Random, operations: readonly Operation[], resource: Attributes): RecordedTrace {
  const traceId = hex(random, 32)
  const ids = operations.map(() => hex(random, 16))
  const spans = operations.map((operation, index) => ({
    traceId,
    spanId: ids[index],
    ...(index > 0 && { parentSpanId: ids[random.below(Math.min(index, 8))] }),
    name: operation.name,
    kind: operation.kind,
    startTimeUnixNano: String(epochNanos + BigInt(index * 1_000_000)),
    endTimeUnixNano: String(epochNanos + BigInt(index * 1_000_000 + random.below(50_000_000))),
    attributes: keyValues(operation.attributes(random)),
    status: { code: random.below(20) === 0 ? 2 : 0 },
  }))
  const services = [...new Set(operations.map(({ service }) => service))]
  const resourceSpans = services.map((service) => ({
    resource: { attributes: keyValues({ ...resource, 'service.name': service }) },
    scopeSpans: [
      { scope: { name: 'bench' }, spans: spans.filter((_, index) => operations[index]?.service === service) },
    ],
  }))
  const { bytes } = convertJson(Buffer.from(JSON.stringify({ resourceSpans })))
  return { traceId, bytes, spanCount: operations.length }
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
}

function keyValues(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value }
  return typeof value === 'boolean' ? { boolValue: value } : { intValue: String(value) }
}
