import { expect, test } from 'vitest'
import { metric, runtimes } from '../harness.ts'
import { rawConnection } from './traces-server.ts'

const { newHome, start } = runtimes()

test('connections are counted by what they do, and those refused by reason, from the start', async () => {
  const logged: string[] = []
  const log = (level: string, message: string, fields = {}) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const runtime = await start(newHome(), { maxConnections: 50 }, { log })
  expect(await metric(runtime, 'betrace_connections_refused_total{')).toEqual(
    ['full', 'address', 'dropped', 'idle', 'slow', 'pipelined', 'http2', 'tls', 'malformed', 'accept'].map(
      (reason) => `betrace_connections_refused_total{reason="${reason}"} 0`,
    ),
  )
  for (let index = 0; index < 3; index++) {
    const connection = rawConnection(Number(new URL(runtime.url).port))
    connection.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x01\x05\0\0\0\x01')
    await connection.until('OTEL_EXPORTER_OTLP_PROTOCOL')
    connection.destroy()
  }
  expect(await metric(runtime, 'betrace_connections_refused_total{reason="http2"}')).toEqual([
    'betrace_connections_refused_total{reason="http2"} 3',
  ])
  expect(await metric(runtime, 'betrace_connections_max ')).toEqual(['betrace_connections_max 50'])
  expect(await metric(runtime, 'betrace_connections{state="busy"}')).toEqual(['betrace_connections{state="busy"} 1'])
  expect(logged).toEqual([
    expect.stringMatching(
      /^warn a client speaks HTTP\/2 \(gRPC\).* set OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf in it, or put a Collector in between \(docs\/runbook\.md#connections-are-refused\) \{"from":"127\.0\.0\.1"\}$/,
    ),
  ])
})
