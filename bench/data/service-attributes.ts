import type { Random } from './random.ts'

type Value = string | number | boolean
export type Attributes = Readonly<Record<string, Value>>

export const hex = (random: Random, digits: number) =>
  Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
export const uuid = (random: Random) =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`

const address = (random: Random) => `10.${random.below(64)}.${random.below(255)}.${random.below(255)}`

/* What spans of the kinds in service-shapes.ts say. */

export function httpServer(random: Random): Attributes {
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

export function httpClient(random: Random): Attributes {
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

export function httpBefore(random: Random): Attributes {
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

export function statement(random: Random): Attributes {
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

export function cached(random: Random): Attributes {
  return {
    'db.system.name': 'redis',
    'db.query.text': `HGETALL bin:${random.below(1e6)}`,
    'db.operation.name': 'HGETALL',
    'network.peer.address': address(random),
    'network.peer.port': 6379,
    'thread.name': `lettuce-epollEventLoop-4-${random.below(9)}`,
  }
}

export function message(random: Random): Attributes {
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

export function call(random: Random): Attributes {
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

export function agent(random: Random): Attributes {
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'claims',
    'gen_ai.agent.id': uuid(random),
    'gen_ai.conversation.id': uuid(random),
    'enduser.id': `cust-${random.below(1e6)}`,
  }
}

export function chat(random: Random): Attributes {
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

export function tool(random: Random): Attributes {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'lookup_policy',
    'gen_ai.tool.call.id': `call_${hex(random, 24)}`,
    'gen_ai.tool.call.arguments': `{"policy_number":"KX-${random.below(1e7)}","include":["riders","history"]}`,
  }
}

export function scan(random: Random): Attributes {
  return {
    parcel_barcode: `(00)${String(random.below(1e9)).padStart(18, '3')}`,
    chute: `C${random.below(90)}`,
    belt_speed_mm_s: random.below(2500),
    operator_badge: `B-${random.below(4000)}`,
    mis_sorted: random.pick([true, false]),
    shift: random.pick(['early', 'late', 'night']),
  }
}
