import { type Attributes, context, SpanKind } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { outgoingHeaders, type Service, startService } from '../service.ts'

/** The time of a run: it passes as the shop works, not as the clock on the wall does. */
export interface Timeline {
  /** Milliseconds since 1970. */
  now(): number
  pass(ms: number): void
}

export function startTimeline(startMs: number): Timeline {
  let nowMs = startMs
  return {
    now: () => nowMs,
    pass(ms) {
      nowMs += ms
    },
  }
}

/** A chaos experiment on the shop: what is injected, what must hold, and how the shop copes. */
export interface Scenario {
  /** The attack that Gremlin would run. */
  readonly fault: string
  /** What the shop does about it, behaving well and broken. */
  readonly healthy: string
  readonly broken: string
  /** The pack of rules, and the rules of it that the experiment is to exercise. */
  readonly pack: string
  readonly rules: readonly string[]
  /** Opens the shop; a broken one lacks what protects it. */
  readonly open: (stage: ShopStage, broken: boolean) => Serve
}

/** Serves one request to its end, whatever becomes of it. */
type Serve = (number: number) => Promise<void>

/** What a shop works with. */
export interface ShopStage {
  readonly timeline: Timeline
  /** Whether the fault is injected at this moment. */
  readonly faulty: () => boolean
  /** The service of this name: a tracer with a resource of its own. */
  readonly service: (name: string) => Service
}

export interface OpenShop {
  readonly serve: Serve
  /** Sends all finished spans of all services. */
  flush(): Promise<void>
  stop(): Promise<void>
}

/** Opens the shop of a scenario; its services export by OTLP to `endpoint` (`http://host:port`). */
export function openShop(
  { open }: Scenario,
  broken: boolean,
  endpoint: string,
  stage: Omit<ShopStage, 'service'>,
): OpenShop {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const services = new Map<string, Service>()
  const service = (name: string) => {
    const known = services.get(name) ?? startService(name, endpoint, `${name}-1`, { nowMs: stage.timeline.now })
    services.set(name, known)
    return known
  }
  const serve = open({ ...stage, service }, broken)
  return {
    serve,
    async flush() {
      await Promise.all([...services.values()].map((one) => one.flush()))
    },
    async stop() {
      await Promise.all([...services.values()].map((one) => one.stop()))
      context.disable()
    },
  }
}

/** A request from outside; the failure of the work is in the spans, and goes no further. */
export async function request(service: Service, route: string, work: () => Promise<void>): Promise<void> {
  const [method = '', path = ''] = route.split(' ')
  const attributes = { 'http.request.method': method, 'http.route': path }
  await service.receive(new Headers(), route, attributes, work).catch(() => {})
}

/** One service asks another: a client span here, a server span there, joined by `traceparent` alone. */
export function ask(
  from: Service,
  to: Service,
  route: string,
  attributes: Attributes,
  work: () => Promise<void>,
): Promise<void> {
  const asked = () => to.receive(outgoingHeaders(), route, {}, work)
  return from.span(`call ${to.name}`, { 'server.address': to.name, ...attributes }, asked, SpanKind.CLIENT)
}
