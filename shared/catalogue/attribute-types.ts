/** The type that an attribute's values have. */
export type AttributeType = 'int' | 'string' | 'boolean'

/**
 * Types of well-known attributes, by OpenTelemetry's registry of semantic conventions, the older names of what was
 * renamed among them: https://opentelemetry.io/docs/specs/semconv/registry/attributes/. Listed are those that rules compare
 * with values, where the type is mistaken easily.
 */
const KEYS_BY_TYPE: Readonly<Record<AttributeType, string>> = {
  int: `
    http.response.status_code http.status_code http.request.resend_count http.resend_count
    http.request.body.size http.response.body.size http.request.size http.response.size
    http.request_content_length http.response_content_length
    server.port client.port network.peer.port network.local.port net.peer.port net.host.port
    db.response.returned_rows db.operation.batch.size
    rpc.grpc.status_code rpc.jsonrpc.error_code
    messaging.batch.message_count messaging.message.body.size messaging.message.envelope.size messaging.kafka.offset
    gen_ai.usage.input_tokens gen_ai.usage.output_tokens gen_ai.usage.prompt_tokens gen_ai.usage.completion_tokens
    gen_ai.request.max_tokens process.pid process.exit.code thread.id code.line.number code.lineno`,
  boolean: `
    faas.coldstart tls.established tls.resumed messaging.destination.temporary messaging.destination.anonymous
    exception.escaped`,
  string: `
    http.request.method http.method http.route url.full url.path url.scheme url.query server.address client.address
    network.protocol.name network.protocol.version tls.protocol.version error.type
    db.system.name db.system db.namespace db.operation.name db.collection.name db.query.text db.statement
    db.response.status_code rpc.response.status_code rpc.system rpc.service rpc.method
    messaging.system messaging.destination.name messaging.operation.type messaging.message.id
    messaging.destination.partition.id messaging.kafka.message.key
    gen_ai.operation.name gen_ai.provider.name gen_ai.system gen_ai.request.model gen_ai.response.model gen_ai.tool.name
    exception.type exception.message user.id enduser.id session.id user_agent.original
    service.name service.version service.instance.id deployment.environment.name deployment.environment
    cloud.region cloud.account.id host.id host.name container.id k8s.pod.name faas.trigger`,
}

const TYPES: ReadonlyMap<string, AttributeType> = new Map(
  Object.entries(KEYS_BY_TYPE).flatMap(([type, keys]) =>
    keys
      .trim()
      .split(/\s+/)
      .map((key) => [key, type as AttributeType] as const),
  ),
)

/** The type of a well-known attribute; undefined of any other. */
export function typeOfAttribute(key: string): AttributeType | undefined {
  return TYPES.get(key)
}
