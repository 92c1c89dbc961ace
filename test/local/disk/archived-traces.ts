import { wholeArchive } from '../../../local/replay/unarchived.ts'
import { isReadable, openHour } from '../../../shared/archive/compact.ts'
import { currentObjects } from '../../../shared/archive/current-objects.ts'
import { parseObjectKey, SPANS_PREFIX } from '../../../shared/archive/object-key.ts'
import { readRecords } from '../../../shared/archive/read-records.ts'
import type { TraceRecord } from '../../../shared/archive/trace-record.ts'

/**
 * Names of the spans that an archive holds of each trace as a reader sees it: of the highest revision, with those that
 * came too late for it. A name is listed once for each span.
 */
export async function archivedTraces(dataFolder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const traces = new Map<string, TraceRecord[]>()
  for await (const record of records(dataFolder)) {
    const traceId = Buffer.from(record.traceId).toString('hex')
    traces.set(traceId, [...(traces.get(traceId) ?? []), record])
  }
  return new Map([...traces].map(([traceId, all]) => [traceId, latest(all)]))
}

async function* records(dataFolder: string): AsyncGenerator<TraceRecord> {
  const { store } = await wholeArchive(dataFolder)
  const hours = new Set((await store.list(SPANS_PREFIX)).map(({ key }) => parseObjectKey(key)?.hourMs ?? 0))
  for (const hourMs of hours) {
    for (const object of currentObjects(await openHour(store, hourMs)).current) {
      if (!isReadable(object)) throw new Error(`${object.stored.key}: ${object.failure}`)
      yield* readRecords(object.source, object.footer)
    }
  }
}

/** Records of one revision and reason are one, written twice. */
function latest(all: readonly TraceRecord[]): readonly string[] {
  const whole = all.filter(({ reason }) => reason !== 'late')
  const last = Math.max(0, ...whole.map(({ revision }) => revision))
  const seen = new Map<string, string>()
  for (const { reason, revision, spans } of all) {
    if (reason !== 'late' && revision !== last) continue
    for (const { spanId, name } of spans) seen.set(Buffer.from(spanId).toString('hex'), name)
  }
  return [...seen.values()].sort()
}
