import { expect } from 'vitest'
import { keyOnWire, mayHaveMark, newKeyMarks } from '../../shared/trace/key-marks.ts'
import type { AttributeSource, Trace } from '../../shared/trace/span.ts'

/** Everything a trace says, read to the last value, as plain data that can be compared. */
export function contentOf(trace: Trace): object {
  const spans = trace.spans.map((span) => ({
    ...span,
    attributes: attributesOf(span.attributes),
    resource: attributesOf(span.resource),
    events: span.events().map((event) => ({ ...event, attributes: attributesOf(event.attributes) })),
  }))
  return { ...trace, spans }
}

/** All entries; `get` must give the first of each key, and none may be denied by its mark. */
function attributesOf(source: AttributeSource): object {
  const entries = source.entries()
  const firsts = new Map([...entries].reverse())
  const marks = newKeyMarks()
  source.noteKeys?.(marks)
  for (const [key, value] of firsts) {
    expect(source.get(key)).toEqual(value)
    expect(source.noteKeys === undefined || mayHaveMark(marks, keyOnWire(key).mark)).toBe(true)
  }
  return entries
}
