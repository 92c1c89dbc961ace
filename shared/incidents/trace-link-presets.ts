/** What templates may name in braces. */
export type LinkFields<Value> = Readonly<
  Record<
    'traceId' | 'spanId' | 'startMs' | 'endMs' | 'startS' | 'endS' | 'fromMs' | 'toMs' | 'xrayId' | 'spanIdDecimal',
    Value
  >
>

/** How links to the pages of traces look in one product. */
export interface LinkPreset {
  /** Settings that must be given. */
  readonly needs: readonly string[]
  /** Settings that may be given, with what is taken if not. */
  readonly defaults?: Readonly<Record<string, string>>
  /** The template; where it can do without the span, that of a trace whose span is not known. */
  template(settings: Readonly<Record<string, string>>, withSpan: boolean): string
}

/** By the name in notify.yaml. */
export const LINK_PRESETS: Readonly<Record<string, LinkPreset>> = {
  jaeger: { needs: ['base'], template: (set) => `${base(set)}/trace/{traceId}?uiFind={spanId}` },
  tempo: { needs: ['base', 'datasource'], defaults: { datasourceType: 'tempo' }, template: tempoTemplate },
  zipkin: { needs: ['base'], template: (set) => `${base(set)}/zipkin/traces/{traceId}` },
  datadog: {
    needs: [],
    defaults: { base: 'https://app.datadoghq.com' },
    // Datadog names traces in hexadecimal and spans in decimal.
    template: (set) => `${base(set)}/apm/trace/{traceId}?spanID={spanIdDecimal}&timeHint={startMs}`,
  },
  honeycomb: {
    needs: ['team', 'environment', 'dataset'],
    defaults: { base: 'https://ui.honeycomb.io' },
    // Without times it looks only at the last two hours.
    template: (set) =>
      `${base(set)}/${coded(set, 'team')}/environments/${coded(set, 'environment')}/datasets/${coded(set, 'dataset')}` +
      '/trace?trace_id={traceId}&span={spanId}&trace_start_ts={startS}&trace_end_ts={endS}',
  },
  xray: {
    needs: ['region'],
    template: (set) => {
      const region = coded(set, 'region')
      return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#xray:traces/{xrayId}`
    },
  },
  signoz: { needs: ['base'], template: (set) => `${base(set)}/trace/{traceId}?spanId={spanId}` },
}

/** Grafana's Explore keeps what it shows as JSON in the address. */
function tempoTemplate(set: Readonly<Record<string, string>>, withSpan: boolean): string {
  const uid = set.datasource ?? ''
  const type = set.datasourceType ?? ''
  const query = {
    refId: 'A',
    datasource: { type, uid },
    // A data source of Jaeger takes the trace id without it.
    ...(type === 'tempo' ? { queryType: 'traceql' } : {}),
    query: markOf('traceId'),
  }
  const pane = {
    datasource: uid,
    queries: [query],
    ...(withSpan ? { panelsState: { trace: { spanId: markOf('spanId') } } } : {}),
    range: { from: markOf('fromMs'), to: markOf('toMs') },
  }
  const panes = encodeURIComponent(JSON.stringify({ t: pane })).replace(/-_-(\w+)-_-/g, '{$1}')
  return `${base(set)}/explore?orgId=1&schemaVersion=1&panes=${panes}`
}

/** In place of a field while `encodeURIComponent` would change its braces. */
function markOf(field: keyof LinkFields<string>): string {
  return `-_-${field}-_-`
}

function base(set: Readonly<Record<string, string>>): string {
  // A brace in an address would be read as a field.
  return (set.base ?? '').replace(/\/+$/, '').replaceAll('{', '%7B').replaceAll('}', '%7D')
}

function coded(set: Readonly<Record<string, string>>, name: string): string {
  return encodeURIComponent(set[name] ?? '')
}
