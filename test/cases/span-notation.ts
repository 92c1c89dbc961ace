import type { AttributeValue } from '../../shared/trace/span.ts'

/** One span of a case: attributes in native types, times in milliseconds after the start of the trace. */
export interface CaseSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly startMs: number
  readonly endMs: number
  /** Index of the parent among the case's spans; a root has none. */
  readonly parent?: number
  readonly service: string
  readonly resource: Readonly<Record<string, AttributeValue>>
  readonly status: 0 | 1 | 2
  readonly kind: number
}

/** A span in short: `span('db.query', { rows: 5 }, { startMs: 3 })`; it lasts 10 ms and belongs to `shop` unless told. */
export function span(
  name: string,
  attributes: CaseSpan['attributes'] = {},
  rest: Partial<Omit<CaseSpan, 'name' | 'attributes'>> = {},
): CaseSpan {
  const startMs = rest.startMs ?? 0
  return {
    service: 'shop',
    resource: {},
    status: 0,
    kind: 1,
    ...rest,
    name,
    attributes,
    startMs,
    endMs: rest.endMs ?? startMs + 10,
  }
}

/** One rule, one trace, and the verdict the language specification gives it. */
export interface RuleCase {
  /** A statement of behaviour. */
  readonly name: string
  readonly rule: string
  readonly spans: readonly CaseSpan[]
  readonly outcome: 'satisfied' | 'violated' | 'vacuous'
}
