/** Attributes of one meaning under several names, with where the renaming was published. */
export interface RenamedAttributes {
  /**
   * Where OpenTelemetry published it. `schema 1.21.0` is that version's section of the schema file
   * https://opentelemetry.io/schemas/1.44.0; the guides lie under docs/non-normative of open-telemetry/semantic-conventions;
   * `1.45.0` are the deprecations in the package @opentelemetry/semantic-conventions of that version.
   */
  readonly source: string
  /** Each row holds the names of one attribute, newest first: a missing one is read under the others. */
  readonly rows?: readonly (readonly [string, ...string[]])[]
  /** Older names that say more than the newer one does: the newer is read under them, they are not read under it. */
  readonly narrower?: readonly (readonly [newer: string, ...older: string[]])[]
  /** OTLP numbers of the span kinds on which the names mean the same; without them, on every span and event. */
  readonly kinds?: readonly number[]
  /** The span itself has to carry these too, which say that its names are those of the source. */
  readonly beside?: readonly string[]
  /** What the older value has to become: Micrometer writes every value as text, and a word where it has none. */
  readonly reads?: 'number' | 'known'
}

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const CONSUMER = 5

/**
 * What OpenTelemetry renamed without changing its meaning or its type. Left out, because a rename changed one of them:
 * `http.target` (split in two), `http.flavor` and `net.protocol.version` (`2.0` became `2`, and SPDY is not a version),
 * `rpc.grpc.status_code` (a number became text), `messaging.kafka.destination.partition` (a number became text), `enduser.role` (a text
 * became a list), `enduser.id` (both names are in use, for different things), `code.function` (now with its namespace),
 * `net.transport` (`ip_tcp` became `tcp`), `db.redis.database_index` (a number became text), `net.sock.peer.name` (removed). Names of systems (`db.system`, `gen_ai.system`) are aliases; a few of their values were
 * respelt, such as `mssql`, and are not translated.
 */
export const RENAMED_ATTRIBUTES: readonly RenamedAttributes[] = [
  {
    source: 'http-migration.md; schema 1.15.0, 1.19.0, 1.21.0, 1.22.0',
    rows: [
      ['http.request.method', 'http.method'],
      ['http.response.status_code', 'http.status_code'],
      ['url.full', 'http.url'],
      ['url.scheme', 'http.scheme'],
      ['http.request.body.size', 'http.request_content_length'],
      ['http.response.body.size', 'http.response_content_length'],
      ['http.request.resend_count', 'http.resend_count', 'http.retry_count'],
      ['user_agent.original', 'http.user_agent'],
      ['client.address', 'http.client_ip'],
    ],
    narrower: [['user_agent.original', 'browser.user_agent']],
  },
  {
    source: 'http-migration.md; schema 1.13.0, 1.20.0, 1.21.0, 1.39.0',
    rows: [
      ['network.peer.address', 'net.sock.peer.addr', 'net.peer.ip'],
      ['network.peer.port', 'net.sock.peer.port'],
      ['network.local.address', 'net.sock.host.addr', 'net.host.ip'],
      ['network.local.port', 'net.sock.host.port'],
      ['network.protocol.name', 'net.protocol.name', 'net.app.protocol.name'],
      ['network.connection.type', 'net.host.connection.type'],
      ['network.connection.subtype', 'net.host.connection.subtype'],
      ['network.carrier.name', 'net.host.carrier.name'],
      ['network.carrier.mcc', 'net.host.carrier.mcc'],
      ['network.carrier.mnc', 'net.host.carrier.mnc'],
      ['network.carrier.icc', 'net.host.carrier.icc'],
      ['service.peer.name', 'peer.service'],
    ],
  },
  {
    source: 'http-migration.md, client spans; schema 1.21.0; 1.45.0',
    kinds: [CLIENT, PRODUCER, CONSUMER],
    rows: [
      ['server.address', 'net.peer.name'],
      ['server.port', 'net.peer.port'],
      ['server.service.name', 'service.peer.name', 'peer.service'],
    ],
  },
  {
    source: 'http-migration.md, server spans; schema 1.21.0; 1.45.0',
    kinds: [SERVER],
    rows: [
      ['server.address', 'net.host.name'],
      ['server.port', 'net.host.port'],
      ['client.address', 'net.peer.name'],
      ['client.port', 'net.peer.port'],
      ['client.service.name', 'service.peer.name', 'peer.service'],
    ],
  },
  {
    source: 'db-migration.md; schema 1.8.0, 1.25.0, 1.27.0, 1.30.0',
    rows: [
      ['db.system.name', 'db.system'],
      ['db.query.text', 'db.statement'],
      ['db.operation.name', 'db.operation'],
      ['cassandra.coordinator.dc', 'db.cassandra.coordinator.dc'],
      ['cassandra.coordinator.id', 'db.cassandra.coordinator.id'],
      ['cassandra.consistency.level', 'db.cassandra.consistency_level'],
      ['cassandra.query.idempotent', 'db.cassandra.idempotence'],
      ['cassandra.page.size', 'db.cassandra.page_size'],
      ['cassandra.speculative_execution.count', 'db.cassandra.speculative_execution_count'],
      ['azure.cosmosdb.connection.mode', 'db.cosmosdb.connection_mode'],
      ['azure.cosmosdb.consistency.level', 'db.cosmosdb.consistency_level'],
      ['azure.cosmosdb.operation.request_charge', 'db.cosmosdb.request_charge'],
      ['azure.cosmosdb.request.body.size', 'db.cosmosdb.request_content_length'],
      ['azure.cosmosdb.operation.contacted_regions', 'db.cosmosdb.regions_contacted'],
      ['azure.cosmosdb.response.sub_status_code', 'db.cosmosdb.sub_status_code'],
      ['elasticsearch.node.name', 'db.elasticsearch.node.name'],
    ],
    narrower: [
      ['db.namespace', 'db.name', 'db.cassandra.keyspace', 'db.hbase.namespace', 'db.elasticsearch.cluster.name'],
      ['db.collection.name', 'db.sql.table', 'db.mongodb.collection', 'db.cosmosdb.container', 'db.cassandra.table'],
      ['azure.client.id', 'db.cosmosdb.client_id'],
    ],
  },
  {
    source: 'schema 1.17.0, 1.21.0, 1.22.0, 1.25.0, 1.26.0, 1.27.0; 1.45.0',
    rows: [
      ['messaging.system.name', 'messaging.system'],
      ['messaging.destination.name', 'messaging.destination'],
      ['messaging.destination.temporary', 'messaging.temp_destination'],
      ['messaging.operation.type', 'messaging.operation'],
      ['messaging.message.id', 'messaging.message_id'],
      ['messaging.message.conversation_id', 'messaging.conversation_id'],
      ['messaging.message.body.size', 'messaging.message.payload_size_bytes', 'messaging.message_payload_size_bytes'],
      ['messaging.client.id', 'messaging.client_id'],
      ['kafka.offset', 'messaging.kafka.offset', 'messaging.kafka.message.offset'],
      ['kafka.message.key', 'messaging.kafka.message.key', 'messaging.kafka.message_key'],
      ['kafka.message.tombstone', 'messaging.kafka.message.tombstone', 'messaging.kafka.tombstone'],
      [
        'rabbitmq.destination.routing_key',
        'messaging.rabbitmq.destination.routing_key',
        'messaging.rabbitmq.routing_key',
      ],
      ['rabbitmq.message.delivery_tag', 'messaging.rabbitmq.message.delivery_tag'],
      ['rocketmq.message.type', 'messaging.rocketmq.message.type', 'messaging.rocketmq.message_type'],
      ['rocketmq.message.tag', 'messaging.rocketmq.message.tag', 'messaging.rocketmq.message_tag'],
      ['rocketmq.message.keys', 'messaging.rocketmq.message.keys', 'messaging.rocketmq.message_keys'],
      ['gcp.pubsub.message.delivery_attempt', 'messaging.gcp_pubsub.message.delivery_attempt'],
      ['gcp.pubsub.message.ordering_key', 'messaging.gcp_pubsub.message.ordering_key'],
      ['azure.servicebus.message.delivery_count', 'messaging.servicebus.message.delivery_count'],
      ['azure.servicebus.disposition_status', 'messaging.servicebus.disposition_status'],
    ],
    narrower: [
      [
        'messaging.consumer.group.name',
        'messaging.kafka.consumer.group',
        'messaging.kafka.consumer_group',
        'messaging.rocketmq.client_group',
        'messaging.eventhubs.consumer.group',
      ],
      ['messaging.destination.subscription.name', 'messaging.servicebus.destination.subscription_name'],
      ['messaging.client.id', 'messaging.kafka.client_id', 'messaging.rocketmq.client_id'],
    ],
  },
  {
    source: 'rpc-migration.md; schema 1.25.0, 1.39.0; 1.45.0',
    rows: [
      ['rpc.system.name', 'rpc.system'],
      ['rpc.status_code', 'rpc.response.status_code'],
      ['jsonrpc.protocol.version', 'rpc.jsonrpc.version'],
    ],
    narrower: [
      ['rpc.status_code', 'rpc.connect_rpc.error_code'],
      ['rpc.response.status_code', 'rpc.connect_rpc.error_code'],
      ['rpc.message.type', 'message.type'],
      ['rpc.message.id', 'message.id'],
      ['rpc.message.compressed_size', 'message.compressed_size'],
      ['rpc.message.uncompressed_size', 'message.uncompressed_size'],
    ],
  },
  {
    source: 'OpenTelemetry specification, compatibility/opentracing.md, events of errors',
    narrower: [['exception.type', 'error.kind']],
  },
  {
    source: 'schema 1.22.0, 1.27.0, 1.35.0, 1.37.0',
    rows: [
      ['deployment.environment.name', 'deployment.environment'],
      ['telemetry.distro.version', 'telemetry.auto.version'],
      ['container.runtime.name', 'container.runtime'],
      ['azure.resource_provider.namespace', 'az.namespace'],
      ['azure.service.request.id', 'az.service_request_id'],
    ],
  },
  {
    source: 'schema 1.19.0; 1.45.0',
    rows: [['faas.invocation.id', 'faas.invocation_id', 'faas.execution']],
    narrower: [['cloud.resource_id', 'faas.id']],
  },
  {
    source: 'schema 1.27.0, 1.30.0, 1.37.0',
    rows: [
      ['gen_ai.provider.name', 'gen_ai.system'],
      ['openai.request.service_tier', 'gen_ai.openai.request.service_tier'],
      ['openai.response.service_tier', 'gen_ai.openai.response.service_tier'],
      ['openai.response.system_fingerprint', 'gen_ai.openai.response.system_fingerprint'],
    ],
    // Instrumentations with either name run side by side, one around the other: a rule on the older name asks its own spans alone.
    narrower: [
      ['gen_ai.request.seed', 'gen_ai.openai.request.seed'],
      ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
      ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    ],
  },
  {
    source: 'code-attrs-migration.md; schema 1.30.0, 1.32.0, 1.33.0',
    rows: [
      ['code.file.path', 'code.filepath'],
      ['code.line.number', 'code.lineno'],
      ['code.column.number', 'code.column'],
      ['feature_flag.provider.name', 'feature_flag.provider_name'],
      ['feature_flag.result.variant', 'feature_flag.variant'],
    ],
  },
  {
    source: 'Spring Framework, ServerHttpObservationDocumentation and ClientHttpObservationDocumentation (Micrometer)',
    kinds: [SERVER, CLIENT],
    beside: ['uri', 'outcome'],
    reads: 'known',
    narrower: [
      ['http.request.method', 'method'],
      ['error.type', 'exception'],
    ],
  },
  {
    source: 'Spring Framework, ServerHttpObservationDocumentation (Micrometer)',
    kinds: [SERVER],
    beside: ['uri', 'outcome'],
    reads: 'known',
    narrower: [['http.route', 'uri']],
  },
  {
    source: 'Spring Framework, ClientHttpObservationDocumentation (Micrometer)',
    kinds: [CLIENT],
    beside: ['uri', 'outcome'],
    reads: 'known',
    narrower: [['url.template', 'uri']],
  },
  {
    source: 'Spring Framework, ServerHttpObservationDocumentation and ClientHttpObservationDocumentation (Micrometer)',
    kinds: [SERVER, CLIENT],
    beside: ['uri', 'outcome'],
    reads: 'number',
    narrower: [['http.response.status_code', 'status']],
  },
]
