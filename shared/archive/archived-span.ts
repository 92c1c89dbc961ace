import type { AttributeSource, Span, SpanEvent } from '../trace/span.ts'
import { kindNumber, statusNumber } from './enum-names.ts'
import { archivedResourceAttributes, jsonEvents, RowAttributes } from './json-attributes.ts'
import { type Meanings, meanings } from './meanings.ts'
import { nanosAt } from './read-records.ts'
import type { RowGroup } from './row-group.ts'

/** What the spans of a row group share: columns, decoded when first read, and what dictionary entries mean. */
export interface SpanColumns {
  readonly group: RowGroup
  readonly names: Meanings<string>
  readonly kinds: Meanings<number>
  readonly statuses: Meanings<number>
  readonly statusMessages: Meanings<string>
  readonly resources: Meanings<AttributeSource>
}

export function spanColumns(group: RowGroup): SpanColumns {
  return {
    group,
    names: meanings(group, 'name', textOf),
    kinds: meanings(group, 'kind', (entry) => kindNumber(textOf(entry))),
    statuses: meanings(group, 'status_code', (entry) => statusNumber(textOf(entry))),
    statusMessages: meanings(group, 'status_message', textOf),
    resources: meanings(group, 'resource', archivedResourceAttributes),
  }
}

function textOf(entry: Buffer | undefined): string {
  return entry === undefined ? '' : entry.toString()
}

/**
 * One row as a span for judging. A class, because there are millions of them: what they read lies in the columns, so a
 * span is two fields however much of it is asked for.
 */
export class ArchivedSpan implements Span {
  private readonly columns: SpanColumns
  private readonly row: number

  constructor(columns: SpanColumns, row: number) {
    this.columns = columns
    this.row = row
  }

  get spanId(): string {
    return hexAt(this.columns.group, 'span_id', this.row)
  }

  get parentSpanId(): string {
    return hexAt(this.columns.group, 'parent_span_id', this.row)
  }

  get name(): string {
    return this.columns.names.of(this.row)
  }

  get kind(): number {
    return this.columns.kinds.of(this.row)
  }

  get statusCode(): number {
    return this.columns.statuses.of(this.row)
  }

  get statusMessage(): string {
    return this.columns.statusMessages.of(this.row)
  }

  get startUnixNano(): bigint {
    return nanosAt(this.columns.group, 'start_time', 'start_nanos', this.row)
  }

  get endUnixNano(): bigint {
    return nanosAt(this.columns.group, 'end_time', 'end_nanos', this.row)
  }

  get attributes(): AttributeSource {
    return new RowAttributes(this.columns.group.bytes('attributes'), this.row)
  }

  get resource(): AttributeSource {
    return this.columns.resources.of(this.row)
  }

  events(): readonly SpanEvent[] {
    return jsonEvents(this.columns.group.bytes('events').at(this.row))
  }
}

function hexAt(group: RowGroup, column: string, row: number): string {
  return group.bytes(column).at(row)?.toString('hex') ?? ''
}
