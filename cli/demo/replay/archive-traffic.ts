import { folderStore } from '../../../local/archive/folder-store.ts'
import { objectKey } from '../../../shared/archive/object-key.ts'
import { traceRecord } from '../../../shared/archive/trace-record.ts'
import { writeObject } from '../../../shared/archive/write-object.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import { type ShopTrace, shopTraffic, type TrafficPlan } from './traffic.ts'

/** What was put into an archive. */
export interface ArchivedTraffic {
  readonly traces: number
  readonly spans: number
  readonly objects: number
  readonly bytes: number
  /** Traces that break the rule. */
  readonly violating: ReadonlySet<string>
}

const HOUR_MS = 3_600_000

/** Archives the planned traffic in the folder, an object an hour, as if it had been judged as it came. */
export async function archiveTraffic(folder: string, plan: TrafficPlan): Promise<ArchivedTraffic> {
  const store = folderStore(folder)
  const violating = new Set<string>()
  const sum = { traces: 0, spans: 0, objects: 0, bytes: 0 }
  for (const traces of byHour(shopTraffic(plan, (traceId) => violating.add(traceId)))) {
    const { bytes, summary } = writeObject(traces.map(judged))
    await store.put(objectKey(traces[0]?.startMs ?? plan.fromMs, bytes, 'written'), bytes)
    sum.traces += summary.traces
    sum.spans += summary.spans
    sum.objects++
    sum.bytes += bytes.length
  }
  return { ...sum, violating }
}

function* byHour(traces: Iterable<ShopTrace>): Generator<readonly ShopTrace[]> {
  let hour: ShopTrace[] = []
  for (const trace of traces) {
    const [first] = hour
    if (first !== undefined && Math.floor(first.startMs / HOUR_MS) !== Math.floor(trace.startMs / HOUR_MS)) {
      yield hour
      hour = []
    }
    hour.push(trace)
  }
  if (hour.length > 0) yield hour
}

function judged({ traceId, startMs, chunk }: ShopTrace) {
  const { complete, truncated } = assembleTrace(traceId, [chunk])
  const filing = { atMs: startMs, by: 'start' as const }
  return traceRecord({ traceId, chunks: [chunk], filing, revision: 1, reason: 'verdict', complete, truncated })
}
