import { ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { INGEST_OPTIONS } from '../../shared/pipeline/ingest.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { judge } from '../../shared/rules/judge/judge.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { rulesOf } from '../reference/rules.ts'
import { startServer } from './server/traces-server.ts'

const TRACES = 40
const SPANS_A_TRACE = 25

type Compression = NonNullable<ConstructorParameters<typeof ProtobufExporter>[0]>['compression'] & string

const cases = [
  ['protobuf', 'none', ProtobufExporter],
  ['protobuf', 'gzip', ProtobufExporter],
  ['json', 'none', JsonExporter],
  ['json', 'gzip', JsonExporter],
] as const

test.each(cases)('an SDK that exports %s with compression %s loses no span and none counts twice', async (...which) => {
  const [, compression, Exporter] = which
  const { url, buffer, counts } = await startServer()
  const exporter = new Exporter({ url: `${url}/v1/traces`, compression: compression as string as Compression })
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(),
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxExportBatchSize: 64 })],
  })
  const tracer = provider.getTracer('library', '1.0.0')
  const sent = new Map<string, Set<string>>()
  for (let t = 0; t < TRACES; t++) {
    const root = tracer.startSpan('GET /cart', { kind: SpanKind.SERVER }, ROOT_CONTEXT)
    const ids = new Set([root.spanContext().spanId])
    for (let s = 1; s < SPANS_A_TRACE; s++) {
      const attributes = { index: s, big: 2 ** 53 - 1, ratio: 0.5, ok: true, tags: ['a', 'b'] }
      const child = tracer.startSpan(`work ${s}`, { attributes }, trace.setSpan(ROOT_CONTEXT, root))
      child.addEvent('step', { n: s })
      ids.add(child.spanContext().spanId)
      child.end()
    }
    root.end()
    sent.set(root.spanContext().traceId, ids)
  }
  await provider.shutdown()

  expect(counts.spansReceived).toBe(TRACES * SPANS_A_TRACE)
  expect(Object.keys(counts).filter((name) => name.startsWith('spansRejected'))).toEqual([])
  expect(new Set(buffer.chunks.keys())).toEqual(new Set(sent.keys()))
  for (const [traceId, ids] of sent) {
    const chunks = [...(buffer.chunks.get(traceId)?.values() ?? [])].map((chunk) => chunk.bytes)
    const assembled = assembleTrace(traceId, chunks)
    expect(assembled).toMatchObject({ complete: true, truncated: false })
    expect(assembled.spans.map((span) => span.spanId).toSorted()).toEqual([...ids].toSorted())
    const child = assembled.spans.find((span) => span.name === 'work 3')
    expect(Object.fromEntries(child?.attributes.entries() ?? [])).toEqual({
      index: 3,
      big: 2 ** 53 - 1,
      ratio: 0.5,
      ok: true,
      tags: ['a', 'b'],
    })
    expect(child?.resource.get('service.name')).toBe('shop')
    expect(child?.events().map((event) => [event.name, event.attributes.get('n')])).toEqual([['step', 3]])
  }
})

test('of 1,000 traces whose steps an SDK timed while each awaited the one before, none breaks an order', async () => {
  const { url, buffer } = await startServer()
  const exporter = new ProtobufExporter({ url: `${url}/v1/traces` })
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: 4000 })],
  })
  const tracer = provider.getTracer('shop')
  const step = async (name: string, root: Span, lastsMs: number) => {
    const span = tracer.startSpan(name, {}, trace.setSpan(ROOT_CONTEXT, root))
    const end = performance.now() + lastsMs
    while (performance.now() < end) await Promise.resolve()
    span.end()
  }
  for (let t = 0; t < 1000; t++) {
    const root = tracer.startSpan('POST /checkout', {}, ROOT_CONTEXT)
    await step('cart.validate', root, (t % 10) / 20)
    await step('payment.charge', root, (t % 7) / 20)
    root.end()
  }
  await provider.shutdown()

  const traces = [...buffer.chunks].map(([traceId, chunks]) => {
    const bytes = [...chunks.values()].map((chunk) => chunk.bytes)
    return assembleTrace(traceId, bytes)
  })
  expect(traces.filter(({ complete, spans }) => complete && spans.length === 3)).toHaveLength(1000)
  expect(traces.filter(looksTooEarly).length).toBeGreaterThan(50)
  const rules = rulesOf(
    'when { payment.charge as charge } always { cart.validate before charge }',
    'when { payment.charge as charge } always { cart.validate before charge within 1m }',
    'when { cart.validate as step } always { trace.has("POST /checkout") starts before step }',
  )
  const outcomes = traces.flatMap((each) => judge(compileRules(rules), each).map(({ outcome }) => outcome))
  expect(outcomes.filter((outcome) => outcome !== 'satisfied')).toEqual([])
  expect(outcomes).toHaveLength(3000)
})

/** Whether the charge starts before the end of the validation that it awaited. */
function looksTooEarly({ spans }: Trace): boolean {
  const named = (name: string) => spans.find((span) => span.name === name)
  return (named('cart.validate')?.endUnixNano ?? 0n) > (named('payment.charge')?.startUnixNano ?? 0n)
}

test('a batch answered with 503 is sent again by the SDK and counts once', async () => {
  const { url, counts } = await startServer({
    ingest: { buffer: failingOnce(), options: { ...INGEST_OPTIONS, retryAfterS: 0 } },
  })
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor({ exporter: new ProtobufExporter({ url: `${url}/v1/traces` }) })],
  })
  provider.getTracer('library').startSpan('once').end()

  await provider.shutdown()

  expect(counts).toMatchObject({ 'requests 503': 1, 'requests 200': 1, spansReceived: 1 })
})

function failingOnce() {
  let calls = 0
  return {
    append: async () => {
      if (calls++ === 0) throw new Error('not yet')
      return []
    },
  }
}
