import { namedTraces, readTraceFile } from '../cli/trace-files.ts'
import { splitByTrace } from '../shared/otlp/split.ts'
import { type Chunk, newChunk } from '../shared/pipeline/chunk.ts'
import { packing } from './data/packing.ts'
import { table } from './table.ts'

const HEAD = [
  'file',
  'chunks',
  'spans a chunk',
  'bytes',
  'packed',
  'compression',
  'against no dictionary',
  'at best',
  'write units',
  'at best',
]

/** How recorded traces are packed, each file a row; "at best" is with a dictionary made of the file itself. */
export async function packFiles(paths: readonly string[]): Promise<string> {
  if (paths.length === 0) throw new Error('--traces takes files of traces')
  const rows: (readonly string[])[] = []
  for (const path of paths) rows.push(rowOf(path, await chunksIn(path)))
  return table(HEAD, rows)
}

function rowOf(path: string, chunks: readonly Chunk[]): readonly string[] {
  const each = packing(chunks)
  const cells = [each.chunks, each.spans, each.rawBytes, each.packedBytes].map((value) =>
    value.toLocaleString('en-US', { maximumSignificantDigits: 3 }),
  )
  const ratios = [
    each.rawBytes / each.packedBytes,
    each.plainBytes / each.packedBytes,
    each.plainBytes / each.boundBytes,
    each.writeUnits,
    each.boundWriteUnits,
  ].map((value) => value.toFixed(2))
  return [path, ...cells, ...ratios]
}

/** A line is a request, and what it says of a trace a chunk. */
async function chunksIn(path: string): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = []
  for await (const piece of readTraceFile(path, namedTraces(process.stdin), () => {})) {
    if ('problem' in piece) throw new Error(piece.problem)
    for (const { traceId, bytes, spanCount } of splitByTrace(piece.request).chunks) {
      chunks.push(newChunk(traceId, 0, bytes, spanCount))
    }
  }
  if (chunks.length < 2) throw new Error(`${path} has ${chunks.length} chunks: two at least are needed`)
  return chunks
}
