import { type Attributes, context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'

/** How often each service sends its finished spans. */
const EXPORT_INTERVAL_MS = 400

const propagator = new W3CTraceContextPropagator()
const carrier = {
  get: (headers: Headers, key: string) => headers.get(key) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
  set: (headers: Headers, key: string, value: string) => headers.set(key, value),
}

/** One service of the shop: a tracer with a resource of its own, which exports on its own as a process would. */
export interface Service {
  readonly name: string
  /** Does work in a span under the current one; work that throws marks the span as failed. */
  span<T>(name: string, attributes: Attributes, work: () => Promise<T>, kind?: SpanKind): Promise<T>
  /** Does work in a server span whose parent is known only from the caller's headers. */
  receive<T>(headers: Headers, name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>
  /** Sends everything that is finished. */
  flush(): Promise<void>
  stop(): Promise<void>
}

/** How the spans of a service are made and sent. */
export interface ServiceOptions {
  /** The time of its spans, milliseconds since 1970; the SDK's own unless given. */
  readonly nowMs?: () => number
  /** HTTP headers of every export. */
  readonly headers?: Readonly<Record<string, string>>
  /** Called with the reason for each batch of spans that the receiver did not take. */
  readonly onFailure?: (reason: string) => void
}

/** Starts a service that exports OTLP protobuf to `endpoint` (`http://host:port`). */
export function startService(name: string, endpoint: string, instance: string, options: ServiceOptions = {}): Service {
  const { nowMs, headers = {}, onFailure = () => {} } = options
  const time = () => (nowMs === undefined ? undefined : new Date(nowMs()))
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(),
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': name,
        'service.namespace': 'shop',
        'service.version': '1.4.2',
        'service.instance.id': instance,
        'deployment.environment.name': 'demo',
      }),
    ),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reporting(
          new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, headers: { ...headers } }),
          onFailure,
        ),
        scheduledDelayMillis: EXPORT_INTERVAL_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('shop', '1.4.2')

  const inSpan = <T>(
    spanName: string,
    kind: SpanKind,
    attributes: Attributes,
    parent: ReturnType<typeof context.active>,
    work: () => Promise<T>,
  ): Promise<T> =>
    tracer.startActiveSpan(spanName, { kind, attributes, ...started(time()) }, parent, async (span) => {
      try {
        return await work()
      } catch (error) {
        span.recordException(error as Error, time())
        span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message })
        throw error
      } finally {
        span.end(time())
      }
    })

  return {
    name,
    span: (spanName, attributes, work, kind = SpanKind.INTERNAL) =>
      inSpan(spanName, kind, attributes, context.active(), work),
    receive: (headers, spanName, attributes, work) =>
      inSpan(spanName, SpanKind.SERVER, attributes, propagator.extract(ROOT_CONTEXT, headers, carrier), work),
    flush: () => provider.forceFlush(),
    stop: () => provider.shutdown(),
  }
}

/** The SDK itself drops a batch that was not taken without a word. */
function reporting(exporter: OTLPTraceExporter, onFailure: (reason: string) => void): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.FAILED) onFailure(result.error?.message ?? 'no reason given')
        done(result)
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

function started(startTime: Date | undefined) {
  return startTime === undefined ? {} : { startTime }
}

/** The headers a call from the current span carries: W3C `traceparent`. */
export function outgoingHeaders(): Headers {
  const headers = new Headers()
  propagator.inject(context.active(), headers, carrier)
  return headers
}

/** The trace id of the current span. */
export function currentTraceId(): string {
  return trace.getActiveSpan()?.spanContext().traceId ?? ''
}
