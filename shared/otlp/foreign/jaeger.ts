import {
  hexId,
  isObject,
  type JsonObject,
  nanosOf,
  type OtlpAttribute,
  type OtlpValue,
  objectsOf,
  otlpValue,
  scalarText,
  wrong,
} from './json-value.ts'

/*
 * Traces as Jaeger's query API answers them (`/api/traces`): https://www.jaegertracing.io/docs/latest/apis/. What becomes of
 * its fields is what OpenTelemetry's page "Jaeger" says: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/
 */

const KINDS: Readonly<Record<string, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
/** Tags that are no attributes in OTLP, but fields of the span or its scope. */
const SCOPE_TAGS = new Set(['otel.library.name', 'otel.library.version', 'otel.scope.name', 'otel.scope.version'])
const FIELD_TAGS = new Set([
  ...['span.kind', 'otel.status_code', 'otel.status_description', 'error', 'w3c.tracestate'],
  ...SCOPE_TAGS,
])

/** Makes a request of OTLP/JSON of Jaeger's traces; throws an InputError. */
export function fromJaeger(traces: readonly JsonObject[]): object {
  return { resourceSpans: traces.flatMap(resourceSpansOf) }
}

function resourceSpansOf(trace: JsonObject): readonly object[] {
  const processes = isObject(trace.processes) ? trace.processes : {}
  const byProcess = Map.groupBy(objectsOf(trace.spans, 'spans'), ({ processID, process }) =>
    isObject(process) ? process : (processes[scalarText(processID)] ?? {}),
  )
  return [...byProcess].map(([named, spans]) => {
    const process = isObject(named) ? named : {}
    const tags = objectsOf(process.tags, 'tags')
    const isOfScope = ({ key }: JsonObject) => SCOPE_TAGS.has(scalarText(key))
    return {
      resource: {
        attributes: resourceOf(
          process.serviceName,
          tags.filter((tag) => !isOfScope(tag)),
        ),
      },
      scopeSpans: spans.map((span) => scopeSpanOf(span, tags.filter(isOfScope))),
    }
  })
}

function resourceOf(serviceName: unknown, tags: readonly JsonObject[]): readonly OtlpAttribute[] {
  const name: OtlpAttribute = { key: 'service.name', value: { stringValue: scalarText(serviceName) } }
  return [name, ...attributesOf(tags)]
}

/** Some versions of Jaeger have the scope among the tags of the process, `ofProcess`. */
function scopeSpanOf(span: JsonObject, ofProcess: readonly JsonObject[]): object {
  const tags = objectsOf(span.tags, 'tags')
  const all = [...tags, ...ofProcess]
  const tagOf = (...keys: string[]) => all.find(({ key }) => keys.includes(scalarText(key)))?.value
  const traceId = hexId(span.traceID, 32, 'traceID')
  const start = nanosOf(span.startTime, 'startTime')
  const { parent, links } = referencesOf(span, traceId)
  const name = scalarText(tagOf('otel.scope.name', 'otel.library.name'))
  const version = scalarText(tagOf('otel.scope.version', 'otel.library.version'))
  return {
    scope: { name, version },
    spans: [
      {
        traceId,
        spanId: hexId(span.spanID, 16, 'spanID'),
        ...(parent !== undefined && { parentSpanId: parent }),
        traceState: scalarText(tagOf('w3c.tracestate')),
        name: scalarText(span.operationName),
        kind: KINDS[scalarText(tagOf('span.kind')).toLowerCase()] ?? 0,
        startTimeUnixNano: `${start}`,
        endTimeUnixNano: `${start + nanosOf(span.duration, 'duration')}`,
        attributes: attributesOf(tags.filter(({ key }) => !FIELD_TAGS.has(scalarText(key)))),
        status: statusOf(tagOf),
        events: objectsOf(span.logs, 'logs').map(eventOf),
        links,
      },
    ],
  }
}

/** The parent is the first `CHILD_OF` in the trace, else the first `FOLLOWS_FROM` in it; all others are links. */
function referencesOf(span: JsonObject, traceId: string) {
  const references = objectsOf(span.references, 'references').map(({ refType, traceID, spanID }) => ({
    isChild: refType === 'CHILD_OF',
    traceId: hexId(traceID, 32, 'traceID'),
    spanId: hexId(spanID, 16, 'spanID'),
  }))
  const within = references.filter((reference) => reference.traceId === traceId)
  const parent = within.find(({ isChild }) => isChild) ?? within[0]
  const links = references.filter((reference) => reference !== parent)
  const ids = links.map((link) => ({ traceId: link.traceId, spanId: link.spanId }))
  const older = scalarText(span.parentSpanID)
  const parentId = parent?.spanId ?? (older === '' ? undefined : hexId(older, 16, 'parentSpanID'))
  return { parent: parentId === '0'.repeat(16) ? undefined : parentId, links: ids }
}

function statusOf(tagOf: (...keys: string[]) => unknown): object {
  const code = { OK: 1, ERROR: 2 }[scalarText(tagOf('otel.status_code'))]
  const failed = tagOf('error')
  const message = scalarText(tagOf('otel.status_description'))
  return { code: code ?? (failed === true || failed === 'true' ? 2 : 0), message }
}

function eventOf({ timestamp, fields }: JsonObject): object {
  const given = objectsOf(fields, 'fields')
  const name = given.find(({ key }) => key === 'event')
  return {
    timeUnixNano: `${nanosOf(timestamp, 'timestamp')}`,
    name: scalarText(name?.value),
    attributes: attributesOf(given.filter((field) => field !== name)),
  }
}

function attributesOf(tags: readonly JsonObject[]): readonly OtlpAttribute[] {
  return tags.map(({ key, type, value }) => ({ key: scalarText(key), value: typedValue(type, value) }))
}

function typedValue(type: unknown, value: unknown): OtlpValue {
  const text = scalarText(value)
  switch (type) {
    case 'bool':
      return { boolValue: value === true || value === 'true' }
    case 'int64':
      if (/^-?\d{1,19}$/.test(text)) return { intValue: text }
      throw wrong(`"${text.slice(0, 40)}" is not an int64`)
    case 'float64':
      return { doubleValue: Number(text) }
    case 'binary':
      return { bytesValue: text }
    default:
      return otlpValue(value)
  }
}
