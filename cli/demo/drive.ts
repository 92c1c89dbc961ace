import { setTimeout as sleep } from 'node:timers/promises'
import type { Runtime } from '../../local/runtime.ts'
import { counted, grouped } from '../../shared/text/numbers.ts'
import { paint, type Screen } from '../terminal.ts'
import type { PlannedRequest } from './plan.ts'
import type { TracesByRule } from './report.ts'
import { type Shop, startShop } from './shop.ts'
import type { StatusLine } from './status-line.ts'

/** What a run of the demo works with. */
export interface Stage {
  readonly runtime: Runtime
  readonly status: StatusLine
  /** Ends the run early. */
  readonly stop: AbortSignal
}

const REFRESH_MS = 100

/** Sends all requests, one each `paceMs`, and returns the traces in which faults were planted, by rule. */
export async function sendRequests(
  requests: readonly PlannedRequest[],
  paceMs: number,
  stage: Stage,
): Promise<TracesByRule> {
  const shop = startShop(stage.runtime.url)
  const planted = new Map<string, Set<string>>()
  const refresh = setInterval(() => showStatus(stage, requests), REFRESH_MS)
  try {
    await paceRequests(shop, requests, paceMs, { stop: stage.stop, screen: stage.status.above, planted })
  } finally {
    clearInterval(refresh)
    await shop.stop()
  }
  return planted
}

/** What sending the requests needs beside the shop; the traces of faults are added to `planted`. */
interface Pacing {
  readonly stop: AbortSignal
  readonly screen: Screen
  readonly planted: Map<string, Set<string>>
}

/** Serves one request each `paceMs` until all are served or it is stopped, and sends their spans. */
export async function paceRequests(
  shop: Shop,
  requests: readonly PlannedRequest[],
  paceMs: number,
  { stop, screen, planted }: Pacing,
): Promise<void> {
  const served: Promise<void>[] = []
  for (const request of requests) {
    if (stop.aborted) break
    served.push(serveOne(shop, request, planted, screen))
    await sleep(paceMs)
  }
  await Promise.all(served)
  await shop.flush()
}

async function serveOne(
  shop: Shop,
  request: PlannedRequest,
  planted: Map<string, Set<string>>,
  screen: Screen,
): Promise<void> {
  const traceId = await shop.serve(request)
  const { fault, number, route } = request
  if (fault === undefined) return
  planted.set(fault, (planted.get(fault) ?? new Set()).add(traceId))
  screen.write(paint(screen, 'dim', `request ${number} (${route}) plants ${fault}\n\n`))
}

/** Waits until every request has its verdict; false where that takes longer than `patienceMs` or the run was stopped. */
export async function untilJudged(
  requests: readonly PlannedRequest[],
  patienceMs: number,
  stage: Stage,
): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  while (!stage.stop.aborted && performance.now() < deadline) {
    const { tracesJudged, timersWaiting } = stage.runtime.stats()
    if (tracesJudged >= requests.length && timersWaiting === 0) return true
    showStatus(stage, requests)
    await sleep(REFRESH_MS)
  }
  return false
}

/** The traces of every signal that still holds, by rule. */
export function signalledTraces({ signals }: Runtime): TracesByRule {
  const signalled = new Map<string, Set<string>>()
  for (const { event } of signals.find({ limit: 100_000 })) {
    const { signal, traceId } = event.data
    const traces = signalled.get(signal) ?? new Set()
    if (event.status === 'retracted') traces.delete(traceId)
    else traces.add(traceId)
    signalled.set(signal, traces)
  }
  return signalled
}

function showStatus({ runtime, status }: Stage, requests: readonly PlannedRequest[]): void {
  const { spansReceived, tracesJudged, signals } = runtime.stats()
  const judged = `${grouped(tracesJudged)} of ${counted(requests.length, 'trace')} judged`
  status.show(`▸ ${counted(spansReceived, 'span')} received · ${judged} · ${counted(signals, 'signal')}`, 'cyan')
}
