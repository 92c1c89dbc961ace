import { SpanKind } from '@opentelemetry/api'
import type { Service } from '../service.ts'
import { ask, request, type Scenario, type ShopStage } from './scenario.ts'

type Region = 'US' | 'EU'

const INJECTED_MS = 5_000
const TIMEOUT_MS = 1_000
const QUERY_MS = 12
/** When the router tries the region again. */
const PROBE_AFTER_MS = 20_000

/** The US region becomes slow: traffic must shift to the EU, drop nothing, and stay there with its data. */
export const multiRegion: Scenario = {
  fault: `the US region answers ${INJECTED_MS / 1000} s late`,
  healthy: 'requests are tried again in the EU, on the data of the EU',
  broken: 'requests on their way are dropped, and the EU still asks the database in the US',
  pack: 'failover.rules',
  rules: ['DROPPED_REQUESTS_DURING_FAILOVER', 'CROSS_REGION_DATA_ACCESS'],
  open(stage, broken) {
    const route = routerOf(stage.service('edge'), stage, broken)
    return () => request(stage.service('edge'), 'GET /cart', route)
  },
}

/** Sends requests to the US, and to the EU while the US does not answer in time. */
function routerOf(edge: Service, { timeline, faulty, service }: ShopStage, broken: boolean): () => Promise<void> {
  let avoidUntilMs = 0

  async function serveIn(region: Region): Promise<void> {
    if (region === 'US' && faulty()) return edge.span('call cart-us', { region }, timedOut, SpanKind.CLIENT)
    const cart = service(`cart-${region.toLowerCase()}`)
    await ask(edge, cart, 'GET /cart', { region }, () => query(cart, region))
  }

  /** The request fails on its way, before it reaches the region. */
  async function timedOut(): Promise<void> {
    timeline.pass(TIMEOUT_MS)
    throw new Error(`no answer within ${TIMEOUT_MS} ms`)
  }

  async function query(cart: Service, region: Region): Promise<void> {
    const attributes = { 'region.current': region, 'database.region': broken ? 'US' : region }
    await cart.span('database.query', attributes, async () => timeline.pass(QUERY_MS), SpanKind.CLIENT)
  }

  return async () => {
    if (timeline.now() < avoidUntilMs) return serveIn('EU')
    try {
      await serveIn('US')
    } catch (error) {
      avoidUntilMs = timeline.now() + PROBE_AFTER_MS
      const attributes = { 'region.from': 'US', 'region.to': 'EU', 'request.dropped': broken ? 1 : 0 }
      await edge.span('region.failover', attributes, async () => {})
      if (broken) throw error
      await serveIn('EU')
    }
  }
}
