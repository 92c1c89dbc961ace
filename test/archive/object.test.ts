import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayHaveName } from '../../shared/archive/name-set.ts'
import { readFooter } from '../../shared/archive/read-footer.ts'
import { splitPages } from '../../shared/archive/read-pages.ts'
import { readRecords } from '../../shared/archive/read-records.ts'
import { decodeSpans } from '../../shared/archive/span-row.ts'
import type { TraceRecord } from '../../shared/archive/trace-record.ts'
import { openWriter, writeObject } from '../../shared/archive/write-object.ts'
import { storedSpans } from '../../shared/trace/assemble.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { tracesOfOneSpan } from './any-otlp.ts'
import { sourceOf } from './byte-source.ts'

const anyRecord: fc.Arbitrary<TraceRecord> = fc
  .record({
    traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
    filing: fc.record({ atMs: fc.nat(2 ** 40), by: fc.constantFrom('start', 'arrival') }),
    revision: fc.integer({ min: 0, max: 3 }),
    reason: fc.constantFrom('verdict', 'late', 'rescued'),
    complete: fc.boolean(),
    truncated: fc.boolean(),
    sent: fc.array(tracesOfOneSpan, { minLength: 1, maxLength: 12 }),
  })
  .map(({ sent, ...rest }) => {
    const { stored } = storedSpans(sent.map((traces) => encode('TracesData', traces)))
    return { ...rest, spans: decodeSpans(stored) }
  })

const distinct = fc.uniqueArray(anyRecord, {
  minLength: 1,
  maxLength: 6,
  selector: ({ traceId, revision, reason }) => `${traceId.toString()} ${revision} ${reason}`,
})

const key = ({ traceId, revision, reason }: TraceRecord) =>
  `${Buffer.from(traceId).toString('hex')} ${revision} ${reason}`
const byKey = (a: TraceRecord, b: TraceRecord) => (key(a) < key(b) ? -1 : 1)

async function readBack(bytes: Uint8Array): Promise<readonly TraceRecord[]> {
  const source = sourceOf(bytes)
  const records: TraceRecord[] = []
  for await (const record of readRecords(source, await readFooter(source))) records.push(record)
  return records
}

/** Where the definition levels of pages lie: bytes that zstd knows nothing of. */
async function unsummedPlaces(bytes: Uint8Array): Promise<readonly number[]> {
  const { rowGroups } = await readFooter(sourceOf(bytes))
  return rowGroups.flatMap(({ chunks }) =>
    [...chunks.values()].flatMap(({ start, end }) =>
      splitPages(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)).flatMap(({ levels }) =>
        Array.from({ length: levels.length }, (_, i) => levels.byteOffset - bytes.byteOffset + i),
      ),
    ),
  )
}

describe('an archive object', () => {
  test('gives back every record that was written to it', async () => {
    await fc.assert(
      fc.asyncProperty(distinct, async (records) => {
        expect(await readBack(writeObject(records).bytes)).toEqual([...records].sort(byKey))
      }),
      { numRuns: 60, seed: 14 },
    )
  })

  test('is the same, byte for byte, whatever the order its records come in', () => {
    fc.assert(
      fc.property(distinct, (records) => {
        expect(Buffer.from(writeObject([...records].reverse()).bytes)).toEqual(Buffer.from(writeObject(records).bytes))
      }),
      { numRuns: 10, seed: 15 },
    )
  })

  test('whose definition levels are damaged is distinguished from a sound one', async () => {
    const sent = fc.sample(tracesOfOneSpan, { numRuns: 20, seed: 3 })
    const { stored } = storedSpans(sent.map((traces) => encode('TracesData', traces)))
    const filing = { atMs: 5, by: 'start' as const }
    const traceId = Buffer.alloc(16, 1)
    const rest = { filing, revision: 1, reason: 'verdict' as const, complete: true, truncated: false }
    const { bytes } = writeObject([{ traceId, ...rest, spans: decodeSpans(stored) }])
    const places = await unsummedPlaces(bytes)
    expect(places.length).toBeGreaterThan(20)
    for (const at of places) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] as number) ^ 1
      await expect(readBack(damaged)).rejects.toMatchObject({ name: 'ArchiveObjectError', code: 'corrupt' })
    }
  })

  test('says in its metadata what it holds', async () => {
    const [record] = fc.sample(anyRecord, { numRuns: 1, seed: 16 })
    if (record === undefined) throw new Error('no record')
    const first = { ...record, revision: 1, reason: 'verdict' as const, filing: { atMs: 5, by: 'start' as const } }
    const late = { ...first, revision: 2, reason: 'late' as const, filing: { atMs: 9, by: 'start' as const } }
    const slice = { from: 0, to: 5 }
    const set = { id: 'x', part: 0, parts: 2 }
    const writer = openWriter({ slice, replaces: ['spans/x.parquet'], set }, [])
    writer.add([first, late])
    const written = writer.finish()
    const { summary } = await readFooter(sourceOf(written.bytes))
    expect(summary).toEqual(written.summary)
    expect(summary).toMatchObject({
      spans: 2 * record.spans.length,
      traces: 2,
      firstStartMs: 5,
      lastStartMs: 9,
      firstTraceId: Buffer.from(record.traceId).toString('hex'),
      revised: true,
      late: true,
      slice,
      set,
      replaces: ['spans/x.parquet'],
    })
    for (const { name } of record.spans) expect(mayHaveName(summary.names, name)).toBe(true)
    expect(mayHaveName(summary.names, 'no such span')).toBe(false)
    expect((await readFooter(sourceOf(writeObject([first]).bytes))).summary).toMatchObject({
      revised: false,
      late: false,
    })
  })
})
