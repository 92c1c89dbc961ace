/** One checkout as three tools export it: a server span that failed, with an event and a link, and its client span. */
const TRACE_ID = '5b8efff798038103d269b633813fc60c'
const OTHER_ID = '6b8efff798038103d269b633813fc60c'
const START_US = 1_764_000_000_000_123

const JAEGER = {
  data: [
    {
      traceID: TRACE_ID,
      processes: {
        p1: { serviceName: 'shop', tags: [{ key: 'host.name', type: 'string', value: 'a' }] },
        p2: { serviceName: 'front', tags: [] },
      },
      spans: [
        {
          traceID: TRACE_ID,
          spanID: '1f',
          operationName: 'POST /checkout',
          references: [],
          startTime: START_US,
          duration: 2_000,
          tags: [{ key: 'span.kind', type: 'string', value: 'client' }],
          logs: [],
          processID: 'p2',
        },
        {
          traceID: TRACE_ID,
          spanID: 'eee19b7ec3c1b174',
          operationName: 'checkout',
          references: [
            { refType: 'CHILD_OF', traceID: TRACE_ID, spanID: '000000000000001f' },
            { refType: 'FOLLOWS_FROM', traceID: OTHER_ID, spanID: '00000000000000ab' },
          ],
          startTime: START_US + 100,
          duration: 1_500,
          tags: [
            { key: 'span.kind', type: 'string', value: 'server' },
            { key: 'error', type: 'bool', value: true },
            { key: 'otel.status_description', type: 'string', value: 'declined' },
            { key: 'otel.scope.name', type: 'string', value: 'http' },
            { key: 'attempts', type: 'int64', value: 3 },
            { key: 'ratio', type: 'float64', value: 0.5 },
            { key: 'retried', type: 'bool', value: false },
          ],
          logs: [
            {
              timestamp: START_US + 200,
              fields: [
                { key: 'event', type: 'string', value: 'exception' },
                { key: 'exception.type', type: 'string', value: 'Declined' },
              ],
            },
          ],
          processID: 'p1',
        },
      ],
    },
  ],
}

const ZIPKIN = [
  {
    traceId: TRACE_ID,
    id: '000000000000001f',
    kind: 'CLIENT',
    name: 'POST /checkout',
    timestamp: START_US,
    duration: 2_000,
    localEndpoint: { serviceName: 'front' },
    remoteEndpoint: { serviceName: 'shop', ipv4: '10.0.0.7', port: 8080 },
  },
  {
    traceId: TRACE_ID,
    parentId: '000000000000001f',
    id: 'eee19b7ec3c1b174',
    kind: 'SERVER',
    name: 'checkout',
    timestamp: START_US + 100,
    duration: 1_500,
    localEndpoint: { serviceName: 'shop' },
    annotations: [{ timestamp: START_US + 200, value: 'exception' }],
    tags: { error: 'declined', attempts: '3', 'otel.scope.name': 'http' },
  },
]

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
const TEMPO = {
  batches: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          scope: { name: 'http' },
          spans: [
            {
              traceId: base64(TRACE_ID),
              spanId: base64('eee19b7ec3c1b174'),
              parentSpanId: base64('000000000000001f'),
              name: 'checkout',
              kind: 'SPAN_KIND_SERVER',
              startTimeUnixNano: `${START_US + 100}000`,
              endTimeUnixNano: `${START_US + 1_600}000`,
              status: { code: 'STATUS_CODE_ERROR', message: 'declined' },
              attributes: [{ key: 'attempts', value: { intValue: '3' } }],
              links: [{ traceId: base64(OTHER_ID), spanId: base64('00000000000000ab') }],
            },
          ],
        },
      ],
    },
  ],
}

export const SAMPLES = { jaeger: JAEGER, zipkin: ZIPKIN, tempo: TEMPO, tempoV2: { trace: TEMPO } }
export const SAMPLE_TRACE_ID = TRACE_ID
export const SAMPLE_START_MS = Math.floor(START_US / 1_000)
