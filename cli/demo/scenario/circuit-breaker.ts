import { SpanKind, trace } from '@opentelemetry/api'
import type { Service } from '../service.ts'
import { ask, request, type Scenario, type ShopStage } from './scenario.ts'

const FAILURES_TO_OPEN = 5
const COOL_DOWN_MS = 20_000
const ANSWER_MS = 30

/** A payment provider that answers 500: the breaker must open, and then let nothing through. */
export const circuitBreaker: Scenario = {
  fault: 'the payment provider answers every request with 500',
  healthy: 'after five errors in a row the breaker opens and checkouts are put in a queue',
  broken: 'the breaker never opens',
  pack: 'resilience.rules',
  rules: ['CIRCUIT_BREAKER_NOT_OPENED', 'REQUEST_DURING_OPEN_CIRCUIT'],
  open(stage, broken) {
    const [frontend, payment] = [stage.service('frontend'), stage.service('payment')]
    const charge = breakerOf(payment, stage, broken ? Number.POSITIVE_INFINITY : FAILURES_TO_OPEN)
    return () => request(frontend, 'POST /checkout', () => ask(frontend, payment, 'POST /charges', {}, () => charge()))
  },
}

/** Calls the provider through a circuit breaker that opens after a number of errors in a row. */
function breakerOf(payment: Service, { timeline, faulty }: ShopStage, failuresToOpen: number): () => Promise<void> {
  let failures = 0
  let openUntilMs: number | undefined
  const tell = (state: string) => payment.span('circuit_breaker.state', { state }, async () => {})

  async function callProvider(): Promise<void> {
    const attributes = { 'server.address': 'provider.example', 'http.request.method': 'POST' }
    await payment.span('api.request', attributes, () => answer(), SpanKind.CLIENT)
  }

  async function answer(): Promise<void> {
    timeline.pass(ANSWER_MS)
    if (!faulty()) return
    // The instrumentation of this shop calls a request that failed an error, and counts those in a row.
    const span = trace.getActiveSpan()?.updateName('api.error')
    span?.setAttributes({ error_count: failures + 1, 'http.response.status_code': 500 })
    throw new Error('the provider answers 500')
  }

  return async () => {
    if (openUntilMs !== undefined && timeline.now() < openUntilMs) return tell('open')
    await tell(openUntilMs === undefined ? 'closed' : 'half_open')
    try {
      await callProvider()
      failures = 0
      openUntilMs = undefined
    } catch (error) {
      failures++
      if (failures < failuresToOpen) throw error
      openUntilMs = timeline.now() + COOL_DOWN_MS
      await tell('open')
    }
  }
}
