import { expect, test } from 'vitest'
import { readFooter } from '../../shared/archive/read-footer.ts'
import { readRecords } from '../../shared/archive/read-records.ts'
import { type TraceToArchive, traceRecords } from '../../shared/archive/trace-record.ts'
import { writeObject } from '../../shared/archive/write-object.ts'
import { writeTraces } from '../../shared/archive/write-traces.ts'
import { tracesData } from '../pipeline/traces.ts'
import { sourceOf } from './byte-source.ts'

const LARGE = 3 * 1024 * 1024

/** Of a trace, with a span as large as asked for. */
function entry(trace: string, revision: number, reason: TraceToArchive['reason'], bytes = 10): TraceToArchive {
  const span = { name: `${reason} ${revision} ${'x'.repeat(bytes)}`, id: revision }
  return {
    traceId: trace.repeat(32),
    filing: { atMs: 0, by: 'start' },
    ...{ revision, reason, complete: true, truncated: false },
    chunks: [tracesData([span])],
  }
}

const entries = [
  entry('d', 1, 'verdict', LARGE),
  entry('b', 2, 'verdict', LARGE),
  entry('c', 1, 'verdict', LARGE),
  entry('b', 1, 'verdict', LARGE),
  entry('a', 1, 'verdict', LARGE),
  entry('b', 1, 'late', LARGE),
]

async function readBack(bytes: Uint8Array) {
  const footer = await readFooter(sourceOf(bytes))
  const records: unknown[] = []
  for await (const record of readRecords(sourceOf(bytes), footer)) records.push(record)
  return { records, rowGroups: footer.rowGroups.map(({ rows }) => rows) }
}

test('traces too large to be decoded together are written in several row groups, each trace in one', async () => {
  const { records, rowGroups } = await readBack(writeTraces(entries).bytes)
  expect(records).toEqual((await readBack(writeObject(entries.flatMap(traceRecords)).bytes)).records)
  expect(rowGroups).toEqual([4, 2])
})

test('small traces are written as if they were decoded together', () => {
  const small = entries.map(({ traceId, revision, reason }) => entry(traceId.slice(0, 1), revision, reason))
  expect(writeTraces(small).bytes).toEqual(writeObject(small.flatMap(traceRecords)).bytes)
})
