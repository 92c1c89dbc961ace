import { byTrace } from './merge-records.ts'
import { type TraceToArchive, traceRecords } from './trace-record.ts'
import { openWriter, WHOLE_OBJECT, type WrittenObject } from './write-object.ts'

/** A decoded span takes up to twenty times its bytes: traces of this many bytes are decoded at a time. */
const PIECE_BYTES = 4 * 1024 * 1024

/** Decodes traces and writes them as one object: a piece at a time, each a row group of its own. `redact` as of `writeObject`. */
export function writeTraces(entries: readonly TraceToArchive[], redact: readonly string[] = []): WrittenObject {
  const writer = openWriter(WHOLE_OBJECT, redact)
  for (const piece of pieces(entries)) writer.add(piece.flatMap(traceRecords).sort(byTrace))
  return writer.finish()
}

/** By trace id; all entries of one trace are in one piece, as they are to be in one row group. */
function* pieces(entries: readonly TraceToArchive[]): Generator<readonly TraceToArchive[]> {
  const sorted = [...entries].sort((a, b) => (a.traceId < b.traceId ? -1 : Number(a.traceId > b.traceId)))
  let piece: TraceToArchive[] = []
  let bytes = 0
  for (const entry of sorted) {
    if (bytes >= PIECE_BYTES && entry.traceId !== piece.at(-1)?.traceId) {
      yield piece
      piece = []
      bytes = 0
    }
    piece.push(entry)
    for (const chunk of entry.chunks) bytes += chunk.length
  }
  if (piece.length > 0) yield piece
}
