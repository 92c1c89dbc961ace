import type { Random } from './random.ts'
import {
  type Attributes,
  agent,
  cached,
  call,
  chat,
  hex,
  httpBefore,
  httpClient,
  httpServer,
  message,
  scan,
  statement,
  tool,
  uuid,
} from './service-attributes.ts'

/*
 * What services of several kinds send of one trace in one request: resources, scopes, names and attributes as their
 * instrumentation writes them, values as they are in production (ids, addresses, statements that differ). The
 * dictionary was made of the lists of the semantic conventions, not of these: where they use a convention its keys are
 * known to it, their values, scopes, names and own attributes are not.
 */

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
