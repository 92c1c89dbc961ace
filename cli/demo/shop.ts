import { setTimeout as sleep } from 'node:timers/promises'
import { type Attributes, context, SpanKind } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { Fault, PlannedRequest, Route } from './plan.ts'
import { currentTraceId, outgoingHeaders, type Service, type ServiceOptions, startService } from './service.ts'

/** A small web shop: five services, each its own OpenTelemetry resource, that call each other by HTTP headers. */
export interface Shop {
  /** Serves one request from its root span to its last; resolves to the trace id. */
  serve(request: PlannedRequest): Promise<string>
  /** Sends all finished spans of all services. */
  flush(): Promise<void>
  stop(): Promise<void>
}

interface Services {
  readonly frontend: Service
  readonly cart: Service
  readonly payment: Service
  readonly inventory: Service
  readonly orders: Service
}

/** What a request needs to know to misbehave in exactly one way. */
interface Visit {
  readonly services: Services
  readonly number: number
  readonly has: (fault: Fault) => boolean
}

/** Starts the shop; spans go to `endpoint` (`http://host:port`) by OTLP protobuf. */
export function startShop(endpoint: string, options: ServiceOptions = {}): Shop {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const service = (name: string) => startService(name, endpoint, `${name}-1`, options)
  const services: Services = {
    frontend: service('frontend'),
    cart: service('cart'),
    payment: service('payment'),
    inventory: service('inventory'),
    orders: service('orders'),
  }
  const all = Object.values(services) as readonly Service[]
  return {
    serve: (request) =>
      ROUTES[request.route]({ services, number: request.number, has: (fault) => request.fault === fault }),
    async flush() {
      await Promise.all(all.map((one) => one.flush()))
    },
    async stop() {
      await Promise.all(all.map((one) => one.stop()))
      context.disable()
    },
  }
}

const ROUTES: Readonly<Record<Route, (visit: Visit) => Promise<string>>> = {
  checkout,
  'product page': productPage,
  'sales report': salesReport,
  'database failover': databaseFailover,
  'payment probe': paymentProbe,
  'region failover': regionFailover,
}

async function checkout(visit: Visit): Promise<string> {
  const { frontend, cart, payment, orders, inventory } = visit.services
  const amount = 20 + (visit.number % 9) * 15
  return entry(frontend, 'POST', '/checkout', async () => {
    if (!visit.has('PAYMENT_INVARIANT_VIOLATION')) {
      await call(frontend, cart, 'POST', '/carts/{id}/validate', {}, () =>
        cart.span('cart.validate', { 'cart.id': `cart-${visit.number}`, 'cart.items': 1 + (visit.number % 4) }, pause),
      )
      // Each service reads a clock of its own, to the millisecond: without this a charge may seem to begin too early.
      await pause()
    }
    const retries = visit.has('RETRY_LIMIT_EXCEEDED') ? 5 : visit.number % 4
    await call(frontend, payment, 'POST', '/charges', { retries }, () => charge(visit, amount))
    await call(frontend, orders, 'POST', '/orders', {}, async () => {
      await cacheCheck(orders, 'orders:recent', false)
      await query(orders, 'INSERT', 'orders', {
        'region.current': 'EU',
        'database.region': visit.has('CROSS_REGION_DATA_ACCESS') ? 'US' : 'EU',
      })
      await call(orders, inventory, 'POST', '/reservations', {}, () => inventory.span('inventory.reserve', {}, pause))
    })
  })
}

/** The provider fails the first attempts now and then; a patient client waits 100 ms or more for each attempt made. */
async function charge(visit: Visit, amount: number): Promise<void> {
  const { payment } = visit.services
  await payment.span('payment.charge', { amount, currency: 'EUR', 'cart.id': `cart-${visit.number}` }, async () => {
    const impatient = visit.has('BACKOFF_TOO_AGGRESSIVE')
    const attempts = impatient ? 3 : visit.number % 3
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const interval = impatient && attempt === 3 ? 50 : attempt * 150
      await payment.span('retry.attempt', { attempt, interval_ms: interval }, pause, SpanKind.CLIENT)
    }
    await pause()
  })
}

async function productPage(visit: Visit): Promise<string> {
  const { frontend, inventory } = visit.services
  const bypass = visit.has('CACHE_BYPASS_DETECTED')
  const cached = visit.number % 2 === 0
  return entry(frontend, 'GET', '/products/{id}', () =>
    call(frontend, inventory, 'GET', '/stock/{sku}', { retries: 0 }, async () => {
      if (!bypass) await cacheCheck(inventory, `sku:${1000 + visit.number}`, cached)
      if (bypass || !cached) await query(inventory, 'SELECT', 'stock', {})
    }),
  )
}

async function salesReport(visit: Visit): Promise<string> {
  const { frontend, orders } = visit.services
  const tenant = visit.number % 2 === 0 || visit.has('TENANT_ISOLATION_VIOLATION') ? 'a' : 'b'
  return entry(frontend, 'GET', '/reports/sales', () =>
    call(frontend, orders, 'GET', '/reports/sales', {}, async () => {
      const own = { 'tenant.id': `tenant-${tenant.toUpperCase()}` }
      await cacheCheck(orders, `report:${tenant}`, false)
      await query(orders, 'SELECT', `shop.tenant_${tenant}_data`, own)
      if (visit.has('TENANT_ISOLATION_VIOLATION')) await query(orders, 'SELECT', 'shop.tenant_b_data', own)
    }),
  )
}

async function databaseFailover(visit: Visit): Promise<string> {
  const { orders } = visit.services
  const lost = visit.has('DATA_LOSS_DETECTED') ? 17 : 0
  const target = visit.has('WRITE_TO_REPLICA_DETECTED') ? 'replica' : 'primary'
  return job(orders, 'job.database-failover', async () => {
    await orders.span('database.failover', { 'data.lost': lost, 'db.system.name': 'postgresql' }, pause)
    await orders.span('database.operation', { operation: 'read', target: 'primary' }, pause, SpanKind.CLIENT)
    await orders.span('database.operation', { operation: 'write', target }, pause, SpanKind.CLIENT)
  })
}

/** Five errors in a row must open the breaker, and an open breaker lets nothing through. */
async function paymentProbe(visit: Visit): Promise<string> {
  const { payment } = visit.services
  return job(payment, 'job.payment-probe', async () => {
    const state = visit.has('CIRCUIT_BREAKER_NOT_OPENED') ? 'closed' : 'open'
    const provider = { 'server.address': 'provider.example' }
    await payment.span('api.error', { error_count: 5 + (visit.number % 3), ...provider }, pause, SpanKind.CLIENT)
    await payment.span('circuit_breaker.state', { state }, async () => {
      if (!visit.has('REQUEST_DURING_OPEN_CIRCUIT')) return pause()
      await payment.span('api.request', { 'http.request.method': 'GET', ...provider }, pause, SpanKind.CLIENT)
    })
  })
}

async function regionFailover(visit: Visit): Promise<string> {
  const { frontend } = visit.services
  const dropped = visit.has('DROPPED_REQUESTS_DURING_FAILOVER') ? 12 : 0
  return job(frontend, 'job.region-failover', () =>
    frontend.span('region.failover', { 'request.dropped': dropped, 'region.from': 'US', 'region.to': 'EU' }, pause),
  )
}

/** A request from outside: no parent, so the span it starts is the root of the trace. */
function entry(service: Service, method: string, route: string, work: () => Promise<void>): Promise<string> {
  const attributes = { 'http.request.method': method, 'http.route': route, 'url.path': route }
  return service.receive(new Headers(), `${method} ${route}`, attributes, async () => {
    await work()
    return currentTraceId()
  })
}

function job(service: Service, name: string, work: () => Promise<void>): Promise<string> {
  return service.receive(new Headers(), name, {}, async () => {
    await work()
    return currentTraceId()
  })
}

/** One service calls another: an `api.request` span here, a server span there, joined by `traceparent` alone. */
function call(
  from: Service,
  to: Service,
  method: string,
  route: string,
  attributes: Attributes,
  work: () => Promise<void>,
): Promise<void> {
  const request = { 'http.request.method': method, 'server.address': to.name, 'http.response.status_code': 200 }
  return from.span(
    'api.request',
    { ...request, ...attributes },
    () => {
      const headers = outgoingHeaders()
      const served = { 'http.request.method': method, 'http.route': route, 'http.response.status_code': 200 }
      return to.receive(headers, `${method} ${route}`, served, work)
    },
    SpanKind.CLIENT,
  )
}

function cacheCheck(service: Service, key: string, found: boolean): Promise<void> {
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': 'GET', 'cache.key': key, 'cache.hit': found }
  return service.span('cache.check', attributes, pause, SpanKind.CLIENT)
}

function query(service: Service, operation: string, table: string, attributes: Attributes): Promise<void> {
  const semantic = { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.collection.name': table }
  return service.span('database.query', { ...semantic, table, ...attributes }, pause, SpanKind.CLIENT)
}

/** A few milliseconds of work. */
async function pause(): Promise<void> {
  await sleep(3)
}
