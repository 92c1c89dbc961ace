import { SpanKind, trace } from '@opentelemetry/api'
import type { Service } from '../service.ts'
import { request, type Scenario, type ShopStage } from './scenario.ts'

/** When and how often to try again. */
interface RetryPolicy {
  readonly most: number
  /** Before the given retry (1, 2 …). */
  readonly waitMs: (attempt: number) => number
}

const PATIENT: RetryPolicy = { most: 3, waitMs: (attempt) => attempt * 150 }
const IMPATIENT: RetryPolicy = { most: 8, waitMs: () => 20 }

/** Which of sixteen calls in a row fail while the fault is injected: half of them, five at a stretch. */
const FAILING = [true, true, true, true, true, false, false, true, false, false, true, false, false, true, false, false]
const ANSWER_MS = 25

/** An order service that fails half of its requests: retries must stay few and far between. */
export const retryLogic: Scenario = {
  fault: 'the order service fails half of its requests',
  healthy: 'a request is retried three times at most, each time after a longer wait',
  broken: 'a request is retried until it succeeds, every 20 ms',
  pack: 'resilience.rules',
  rules: ['RETRY_LIMIT_EXCEEDED', 'BACKOFF_TOO_AGGRESSIVE'],
  open(stage, broken) {
    const frontend = stage.service('frontend')
    const placeOrder = retrying(frontend, stage, broken ? IMPATIENT : PATIENT)
    return () => request(frontend, 'POST /orders', placeOrder)
  },
}

/** Calls the order service, again where it fails, as often as the policy says. */
function retrying(frontend: Service, { timeline, faulty, service }: ShopStage, policy: RetryPolicy) {
  const orders = service('orders')
  let calls = 0

  function callOrders(): Promise<void> {
    return orders.span('orders.place', {}, async () => {
      timeline.pass(ANSWER_MS)
      if (faulty() && FAILING[calls++ % FAILING.length] === true) throw new Error('the order service fails')
    })
  }

  async function waitBefore(attempt: number): Promise<void> {
    const waitMs = policy.waitMs(attempt)
    await frontend.span('retry.attempt', { attempt, interval_ms: waitMs }, async () => timeline.pass(waitMs))
  }

  async function attempts(): Promise<void> {
    for (let retries = 0; ; retries++) {
      trace.getActiveSpan()?.setAttribute('retries', retries)
      try {
        return await callOrders()
      } catch (error) {
        if (retries === policy.most) throw error
        await waitBefore(retries + 1)
      }
    }
  }

  return () => frontend.span('api.request', { 'server.address': 'orders' }, attempts, SpanKind.CLIENT)
}
