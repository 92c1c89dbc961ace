import type { ObjectStore, StoredObject } from '../../shared/archive/object-store.ts'
import { readFooter } from '../../shared/archive/read-footer.ts'
import { readRecords } from '../../shared/archive/read-records.ts'
import type { TraceRecord } from '../../shared/archive/trace-record.ts'

/** Everything that an object of the archive holds. */
export async function recordsOf(store: ObjectStore, object: StoredObject): Promise<readonly TraceRecord[]> {
  const source = store.open(object)
  const records: TraceRecord[] = []
  for await (const record of readRecords(source, await readFooter(source))) records.push(record)
  return records
}
