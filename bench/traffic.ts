/** Requests as SDKs send them, as objects for the protobuf encoder of the tests; the same each time. */

/** One service's batch of `spanCount` spans, four a trace, the traces interleaved as concurrency leaves them. */
export function shopBatch(spanCount: number): object {
  const spans = Array.from({ length: spanCount }, (_, i) => {
    const burst = Math.floor(i / 16)
    return span(burst * 4 + (i % 4), i, i % 4 === 0 ? undefined : i - 1)
  })
  return request('checkout', spans)
}

/** One trace over several services, a request each. */
export function shopTrace(services: number, spansOfAService: number): object[] {
  return Array.from({ length: services }, (_, service) => {
    const first = service * spansOfAService
    const spans = Array.from({ length: spansOfAService }, (_, i) =>
      span(7, first + i, first + i > 0 ? first + i - 1 : undefined),
    )
    return request(`service-${service}`, spans)
  })
}

/** Among traces that go through all the shop's steps, one in this number charges a cart that nobody validated. */
const TRACES_A_FAULT = 100

/** How `traces` traces of `spansOfATrace` spans, evenly spread over `services` services, are sent. */
export interface Traffic {
  readonly traces: number
  readonly spansOfATrace: number
  readonly services: number
  readonly spansOfARequest: number
  /** Each service its own spans, or a Collector whole traces (its groupbytrace processor). */
  readonly sender: 'services' | 'collector'
}

export function shopRequests(traffic: Traffic): readonly object[] {
  const { traces, spansOfATrace, services, spansOfARequest, sender } = traffic
  const sent = Array.from({ length: traces * spansOfATrace }, (_, index) => {
    const place = index % spansOfATrace
    const trace = Math.floor(index / spansOfATrace)
    const made = span(trace, index, place === 0 ? undefined : index - 1)
    const validates = place === 1 && trace % TRACES_A_FAULT !== 0
    return { service: place % services, span: validates ? { ...made, name: 'cart.validate' } : made }
  })
  const queues = sender === 'collector' ? [sent] : [...Map.groupBy(sent, ({ service }) => service).values()]
  return queues.flatMap((queue) =>
    Array.from({ length: Math.ceil(queue.length / spansOfARequest) }, (_, i) => {
      const batch = queue.slice(i * spansOfARequest, (i + 1) * spansOfARequest)
      const parts = [...Map.groupBy(batch, ({ service }) => service)].map(([service, own]) =>
        request(
          `service-${service}`,
          own.map((each) => each.span),
        ),
      )
      return { resourceSpans: parts.flatMap(({ resourceSpans }) => resourceSpans) }
    }),
  )
}

function request(service: string, spans: readonly object[]): { readonly resourceSpans: readonly object[] } {
  const resource = {
    attributes: [
      text('service.name', service),
      text('service.version', '4.18.2'),
      text('service.instance.id', `7f3c9a52-1d04-4c1e-9a7b-${service}`),
      text('deployment.environment.name', 'production'),
      text('telemetry.sdk.name', 'opentelemetry'),
      text('telemetry.sdk.language', 'nodejs'),
      text('telemetry.sdk.version', '2.1.0'),
      text('host.name', 'ip-10-0-14-201.eu-central-1.compute.internal'),
      text('cloud.region', 'eu-central-1'),
      int('process.pid', 4711),
    ],
  }
  const scope = { name: '@opentelemetry/instrumentation-http', version: '0.205.0' }
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] }
}

const NAMES = ['GET /cart/{id}', 'POST /checkout', 'payment.charge', 'SELECT shop.orders', 'cache.get']
const START_NANO = 1_767_225_600_000_000_000n

function span(trace: number, index: number, parent: number | undefined): object {
  const start = START_NANO + BigInt(index) * 1_000_123n
  return {
    traceId: id(16, trace + 1),
    spanId: id(8, index + 1),
    ...(parent === undefined ? {} : { parentSpanId: id(8, parent + 1) }),
    name: NAMES[index % NAMES.length],
    kind: 1 + (index % 5),
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 900_321n),
    flags: 257,
    status: {},
    attributes: [
      text('http.request.method', 'POST'),
      text('http.route', '/api/v1/cart/{id}/items'),
      text('url.full', `https://shop.example/api/v1/cart/${index * 7919}/items?limit=20`),
      text('server.address', 'shop.example'),
      int('server.port', 443),
      int('http.response.status_code', 200 + (index % 5) * 100),
      text('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'),
      text('network.protocol.version', '1.1'),
      text('customer.id', `c-${index * 104729}`),
      { key: 'cart.total', value: { doubleValue: 12.5 + index } },
      { key: 'cart.gift', value: { boolValue: index % 3 === 0 } },
    ],
    events: index % 8 === 0 ? [exception(start)] : [],
  }
}

function exception(start: bigint): object {
  const attributes = [text('exception.type', 'TimeoutError'), text('exception.message', 'no answer within 200 ms')]
  return { timeUnixNano: String(start + 2_000_000n), name: 'exception', attributes }
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const int = (key: string, intValue: number) => ({ key, value: { intValue } })

/** An id of the given number of bytes that looks random. */
function id(bytes: number, number: number): Buffer {
  const out = Buffer.alloc(bytes)
  for (let i = 0, state = number; i < bytes; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345 + i) >>> 0
    out[i] = state >>> 16
  }
  return out
}
