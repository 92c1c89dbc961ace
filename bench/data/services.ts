import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { type Chunk, newChunk } from '../../shared/pipeline/chunk.ts'
import { type Random, seededRandom } from './random.ts'

/*
 * What services of several kinds send of one trace in one request: resources, scopes, names and attributes as their
 * instrumentation writes them, values as they are in production (ids, addresses, statements that differ). The
 * dictionary was made of the lists of the semantic conventions, not of these: where they use a convention its keys are
 * known to it, their values, scopes, names and own attributes are not.
 */

type Value = string | number | boolean
type Attributes = Readonly<Record<string, Value>>

/** One kind of service. */
export interface ServiceShape {
  readonly name: string
  /** No key of its is in the conventions. */
  readonly ownWords?: true
  readonly resource: (random: Random) => Attributes
  readonly scopes: readonly string[]
  readonly spans: readonly SpanShape[]
}

interface SpanShape {
  readonly name: (random: Random) => string
  readonly kind: number
  readonly attributes: (random: Random) => Attributes
}

const [internal, server, client, producer, consumer] = [1, 2, 3, 4, 5] as const
const EPOCH_MS = 1_793_000_000_000

const hex = (random: Random, digits: number) =>
  Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
const uuid = (random: Random) =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`
const address = (random: Random) => `10.${random.below(64)}.${random.below(255)}.${random.below(255)}`

function pod(service: string, language: string, version: string) {
  return (random: Random): Attributes => ({
    'service.name': service,
    'service.namespace': 'fulfilment',
    'service.version': `2026.${random.below(12)}.${random.below(30)}-${hex(random, 7)}`,
    'service.instance.id': uuid(random),
    'k8s.cluster.name': 'blue-2',
    'k8s.namespace.name': 'fulfilment',
    'k8s.deployment.name': service,
    'k8s.pod.name': `${service}-${hex(random, 9)}-${hex(random, 5)}`,
    'k8s.pod.uid': uuid(random),
    'k8s.node.name': `gke-pool-4-${hex(random, 8)}`,
    'cloud.provider': 'gcp',
    'cloud.region': 'europe-west6',
    'telemetry.sdk.language': language,
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': version,
  })
}

/** Little is said of these: an SDK's own three, a name and an environment. */
function bare(service: string, language: string, version: string) {
  return (): Attributes => ({
    'service.name': service,
    'deployment.environment.name': 'preprod',
    'telemetry.sdk.language': language,
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': version,
  })
}

const fixed = (name: string) => () => name

export const SERVICE_SHAPES: readonly ServiceShape[] = [
  {
    name: 'HTTP server and client (Node in Kubernetes)',
    resource: pod('parcel-api', 'nodejs', '2.6.1'),
    scopes: ['@opentelemetry/instrumentation-http@0.214.0', '@opentelemetry/instrumentation-undici@0.24.0'],
    spans: [
      { name: fixed('PUT /parcels/:parcelId/label'), kind: server, attributes: httpServer },
      { name: fixed('GET'), kind: client, attributes: httpClient },
      { name: fixed('POST'), kind: client, attributes: httpClient },
    ],
  },
  {
    name: 'HTTP by the conventions of before 2023 (Python)',
    resource: bare('rate-quotes', 'python', '1.21.0'),
    scopes: ['opentelemetry.instrumentation.django@0.42b0'],
    spans: [
      { name: fixed('HTTP GET quotes/<int:pk>'), kind: server, attributes: httpBefore },
      {
        name: fixed('GET'),
        kind: client,
        attributes: (random) => ({
          'http.method': 'GET',
          'http.url': `http://tariffs.internal:8000/zone/${random.below(900)}`,
          'http.status_code': 200,
        }),
      },
    ],
  },
  {
    name: 'database (Java)',
    resource: pod('warehouse', 'java', '1.58.0'),
    scopes: ['io.opentelemetry.jdbc@2.24.0', 'io.opentelemetry.lettuce-5.1@2.24.0'],
    spans: [
      { name: fixed('SELECT wms.bin_location'), kind: client, attributes: statement },
      { name: fixed('UPDATE wms.bin_location'), kind: client, attributes: statement },
      { name: fixed('HGETALL'), kind: client, attributes: cached },
    ],
  },
  {
    name: 'messaging (Go)',
    resource: pod('dispatch', 'go', '1.40.0'),
    scopes: ['github.com/twmb/franz-go/plugin/kotel@v1.6.0'],
    spans: [
      { name: fixed('process shipment-events'), kind: consumer, attributes: message },
      { name: fixed('send driver-offers'), kind: producer, attributes: message },
    ],
  },
  {
    name: 'RPC (Rust and Go)',
    resource: bare('geo-index', 'rust', '0.31.0'),
    scopes: ['tonic-tracing-opentelemetry@0.32.1'],
    spans: [
      { name: fixed('fleet.geo.v2.Index/NearestDrivers'), kind: server, attributes: call },
      { name: fixed('fleet.geo.v2.Shard/Lookup'), kind: client, attributes: call },
      { name: fixed('fleet.geo.v2.Shard/Lookup'), kind: client, attributes: call },
    ],
  },
  {
    name: 'generative AI (Python)',
    resource: pod('claims-assistant', 'python', '1.39.1'),
    scopes: ['opentelemetry.instrumentation.langchain@0.49.8'],
    spans: [
      { name: fixed('invoke_agent claims'), kind: internal, attributes: agent },
      { name: fixed('chat gpt-5-mini'), kind: client, attributes: chat },
      { name: fixed('execute_tool lookup_policy'), kind: internal, attributes: tool },
    ],
  },
  {
    name: 'own attributes alone (Ruby)',
    ownWords: true,
    resource: (random) => ({ app: 'depot', dyno: `web.${random.below(20)}`, slug_commit: hex(random, 8) }),
    scopes: ['depot.domain'],
    spans: [
      { name: fixed('Depot::Intake.scan'), kind: internal, attributes: scan },
      { name: fixed('Depot::Sorter.assign'), kind: internal, attributes: scan },
      { name: fixed('Depot::Intake.receipt'), kind: internal, attributes: scan },
    ],
  },
]

function httpServer(random: Random): Attributes {
  const parcel = `P${random.below(1e9)}`
  return {
    'http.request.method': 'PUT',
    'http.route': '/parcels/:parcelId/label',
    'http.response.status_code': random.pick([200, 204, 409, 422]),
    'url.path': `/parcels/${parcel}/label`,
    'url.scheme': 'https',
    'server.address': 'parcels.blue-2.internal',
    'server.port': 8443,
    'client.address': address(random),
    'network.peer.address': address(random),
    'network.peer.port': 30_000 + random.below(30_000),
    'network.protocol.version': '1.1',
    'user_agent.original': `okhttp/5.${random.below(4)}.${random.below(9)}`,
    'parcel.weight_grams': random.below(30_000),
  }
}

function httpClient(random: Random): Attributes {
  const host = random.pick(['label-renderer.blue-2.internal', 'customs.partner.example'])
  return {
    'http.request.method': random.pick(['GET', 'POST']),
    'http.response.status_code': random.pick([200, 202, 404]),
    'url.full': `https://${host}/v4/${hex(random, 12)}?size=a6`,
    'server.address': host,
    'server.port': 443,
    'network.peer.address': address(random),
    'network.peer.port': 443,
    'network.protocol.version': '1.1',
  }
}

function httpBefore(random: Random): Attributes {
  return {
    'http.method': 'GET',
    'http.scheme': 'http',
    'http.flavor': '1.1',
    'http.route': 'quotes/<int:pk>',
    'http.target': `/quotes/${random.below(1e6)}`,
    'http.host': 'rates:8000',
    'http.server_name': 'rate-quotes-0',
    'http.status_code': random.pick([200, 200, 404]),
    'http.user_agent': 'python-httpx/0.27.2',
    'net.host.port': 8000,
    'net.peer.ip': address(random),
  }
}

function statement(random: Random): Attributes {
  return {
    'db.system.name': 'oracle.db',
    'db.namespace': 'WMSPROD',
    'db.collection.name': 'wms.bin_location',
    'db.operation.name': random.pick(['SELECT', 'UPDATE']),
    'db.query.text': `select b.bin_id, b.qty_on_hand from wms.bin_location b where b.sku = ? and b.zone in (?, ?) order by b.${random.pick(['pick_seq', 'qty_on_hand'])}`,
    'server.address': `ora-${random.below(4)}.wms.internal`,
    'server.port': 1521,
    'thread.id': random.below(400),
    'thread.name': `picker-exec-${random.below(64)}`,
  }
}

function cached(random: Random): Attributes {
  return {
    'db.system.name': 'redis',
    'db.query.text': `HGETALL bin:${random.below(1e6)}`,
    'db.operation.name': 'HGETALL',
    'network.peer.address': address(random),
    'network.peer.port': 6379,
    'thread.name': `lettuce-epollEventLoop-4-${random.below(9)}`,
  }
}

function message(random: Random): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': random.pick(['poll', 'publish']),
    'messaging.operation.type': random.pick(['process', 'send']),
    'messaging.destination.name': random.pick(['shipment-events', 'driver-offers']),
    'messaging.destination.partition.id': String(random.below(48)),
    'messaging.kafka.message.key': `shp_${hex(random, 16)}`,
    'messaging.kafka.offset': random.below(1e8),
    'messaging.consumer.group.name': 'dispatch-eu',
    'messaging.client.id': `kgo-${hex(random, 6)}`,
    'messaging.message.body.size': random.below(4000),
  }
}

function call(random: Random): Attributes {
  return {
    'rpc.system': 'grpc',
    'rpc.service': random.pick(['fleet.geo.v2.Index', 'fleet.geo.v2.Shard']),
    'rpc.method': random.pick(['NearestDrivers', 'Lookup']),
    'rpc.grpc.status_code': random.pick([0, 0, 0, 4]),
    'server.address': `geo-shard-${random.below(32)}`,
    'server.port': 50_051,
    'code.function.name': 'geo_index::service::lookup',
    'thread.id': random.below(32),
    busy_ns: random.below(1e7),
    idle_ns: random.below(1e7),
  }
}

function agent(random: Random): Attributes {
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'claims',
    'gen_ai.agent.id': uuid(random),
    'gen_ai.conversation.id': uuid(random),
    'enduser.id': `cust-${random.below(1e6)}`,
  }
}

function chat(random: Random): Attributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.response.model': 'gpt-5-mini-2026-02-11',
    'gen_ai.response.id': `chatcmpl-${hex(random, 28)}`,
    'gen_ai.response.finish_reasons': 'tool_calls',
    'gen_ai.request.temperature': 1,
    'gen_ai.usage.input_tokens': random.below(9000),
    'gen_ai.usage.output_tokens': random.below(900),
    'server.address': 'api.openai.com',
  }
}

function tool(random: Random): Attributes {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'lookup_policy',
    'gen_ai.tool.call.id': `call_${hex(random, 24)}`,
    'gen_ai.tool.call.arguments': `{"policy_number":"KX-${random.below(1e7)}","include":["riders","history"]}`,
  }
}

function scan(random: Random): Attributes {
  return {
    parcel_barcode: `(00)${String(random.below(1e9)).padStart(18, '3')}`,
    chute: `C${random.below(90)}`,
    belt_speed_mm_s: random.below(2500),
    operator_badge: `B-${random.below(4000)}`,
    mis_sorted: random.pick([true, false]),
    shift: random.pick(['early', 'late', 'night']),
  }
}

/** So many chunks of a kind of service, each a few spans of one trace; the same each time. */
export function serviceChunks(shape: ServiceShape, count: number, seed = 20260718): readonly Chunk[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const { bytes } = convertJson(Buffer.from(JSON.stringify(request(shape, random))))
    const [chunk] = splitByTrace(bytes).chunks
    if (chunk === undefined) throw new Error(`${shape.name}: no chunk`)
    return newChunk(chunk.traceId, EPOCH_MS + random.below(1e6), chunk.bytes, chunk.spanCount)
  })
}

function request(shape: ServiceShape, random: Random): object {
  const traceId = hex(random, 32)
  const startMs = EPOCH_MS + random.below(1e7)
  let parentSpanId = hex(random, 16)
  // Nothing comes in one size: from one of the spans to each of them.
  const spans = shape.spans.slice(0, 1 + random.below(shape.spans.length)).map((each, index) => {
    const spanId = hex(random, 16)
    const span = {
      ...{ traceId, spanId, parentSpanId, name: each.name(random), kind: each.kind, flags: 257 },
      startTimeUnixNano: `${startMs + index}${String(random.below(1e6)).padStart(6, '0')}`,
      endTimeUnixNano: `${startMs + index + 1 + random.below(400)}${String(random.below(1e6)).padStart(6, '0')}`,
      attributes: keyValues(each.attributes(random)),
      status: random.below(20) === 0 ? { code: 2, message: 'deadline exceeded' } : {},
    }
    parentSpanId = spanId
    return span
  })
  const scopeSpans = Object.values(Object.groupBy(spans, (_, index) => String(index % shape.scopes.length)))
  return {
    resourceSpans: [
      {
        resource: { attributes: keyValues(shape.resource(random)) },
        scopeSpans: scopeSpans.map((each, index) => {
          const [name, version] = splitScope(shape.scopes[index] ?? '')
          return { scope: { name, version }, spans: each }
        }),
      },
    ],
  }
}

function splitScope(scope: string): readonly [string, string] {
  const at = scope.lastIndexOf('@')
  return at > 0 ? [scope.slice(0, at), scope.slice(at + 1)] : [scope, '']
}

function keyValues(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => {
    if (typeof value === 'number') return { key, value: { intValue: String(value) } }
    return { key, value: typeof value === 'string' ? { stringValue: value } : { boolValue: value } }
  })
}
