import { expect, test } from 'vitest'
import { traceRecords } from '../../shared/archive/trace-record.ts'
import { tracesData } from '../pipeline/traces.ts'

const chunks = [1, 2, 3, 4].map((id) => tracesData([{ name: `s${id}`, id, startMs: 10 - id }]))
const trace = {
  traceId: 'a'.repeat(32),
  filing: { atMs: 0, by: 'start' },
  revision: 3,
  reason: 'verdict',
  complete: false,
  truncated: true,
} as const

const partsOf = (judgedSpans: number | undefined) =>
  traceRecords({ ...trace, chunks, ...(judgedSpans !== undefined && { judgedSpans }) }).map((record) => [
    record.reason,
    record.revision,
    record.spans.map(({ name }) => name).join(' '),
  ])

test('spans that the judge cut off are a late part of the same revision: those that start last', () => {
  expect(partsOf(3)).toEqual([
    ['verdict', 3, 's4 s3 s2'],
    ['late', 3, 's1'],
  ])
})

test.each([undefined, 0, 4, 5])('a trace of which %s spans were judged is one record', (judgedSpans) => {
  expect(partsOf(judgedSpans)).toEqual([['verdict', 3, 's4 s3 s2 s1']])
})
