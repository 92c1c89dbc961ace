/** A request as SDKs send it: traces of a few spans, plain attributes, an exception. */
export function sdkRequest(traces: number): object {
  const spans = Array.from({ length: traces * 4 }, (_, index) => span(index))
  return {
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', { stringValue: 'payment' })] },
        schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
        scopeSpans: [{ scope: { name: '@opentelemetry/instrumentation-http', version: '0.200.0' }, spans }],
      },
    ],
  }
}

function span(index: number): object {
  const trace = 1 + (index >> 2)
  const isRoot = index % 4 === 0
  const start = 1_760_486_400_000_000_000n + BigInt(index) * 1_000_000n
  return {
    traceId: Buffer.alloc(16, trace),
    spanId: Buffer.alloc(8, 1 + index),
    ...(isRoot ? {} : { parentSpanId: Buffer.alloc(8, 1 + index - (index % 4)) }),
    name: ['POST /checkout', 'cart.validate', 'payment.charge', 'db.query'][index % 4],
    kind: 1 + (index % 3),
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 5_000_000n),
    attributes: [
      attribute('http.request.method', { stringValue: 'POST' }),
      attribute('http.response.status_code', { intValue: '201' }),
      attribute('amount', { doubleValue: 12.5 }),
      attribute('user.roles', { arrayValue: { values: [{ stringValue: 'admin' }, { stringValue: 'ops' }] } }),
      attribute('db.query.text', { stringValue: 'SELECT 1 '.repeat(20) }),
      attribute('retried', { boolValue: true }),
    ],
    events: isRoot
      ? []
      : [
          {
            name: 'exception',
            timeUnixNano: String(start),
            attributes: [attribute('exception.type', { stringValue: 'Timeout' })],
          },
        ],
    status: { code: index % 3 },
    flags: 257,
  }
}

function attribute(key: string, value: object): object {
  return { key, value }
}
