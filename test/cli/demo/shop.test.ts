import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planRequests } from '../../../cli/demo/plan.ts'
import { startShop } from '../../../cli/demo/shop.ts'
import { splitByTrace } from '../../../shared/otlp/split.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import { shippedPacks } from '../../shipped-packs.ts'

const bodies: Buffer[] = []
let server: Server
let endpoint: string

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    bodies.push(Buffer.concat(parts))
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('every request is one complete trace, joined by traceparent alone, that breaks only the rule planted in it', async () => {
  const shop = startShop(endpoint)
  const requests = planRequests(60, 3)
  const served = await Promise.all(requests.map(async (request) => ({ request, traceId: await shop.serve(request) })))
  await shop.flush()
  await shop.stop()

  const { rules: checked, problems } = checkRules(shippedPacks())
  expect(problems).toEqual([])
  const rules = compileRules(checked.filter(({ metadata }) => metadata.mode === 'live'))
  const chunks = new Map<string, Uint8Array[]>()
  for (const body of bodies) {
    const { chunks: split, rejected } = splitByTrace(body)
    expect([...rejected]).toEqual([])
    for (const { traceId, bytes } of split) chunks.set(traceId, [...(chunks.get(traceId) ?? []), bytes])
  }
  expect(new Set(chunks.keys())).toEqual(new Set(served.map(({ traceId }) => traceId)))
  for (const { request, traceId } of served) {
    const trace = assembleTrace(traceId, chunks.get(traceId) ?? [])
    expect(trace.complete, request.route).toBe(true)
    const services = new Set(trace.spans.map((span) => span.resource.get('service.name')))
    if (request.route === 'checkout') expect(services.size).toBeGreaterThanOrEqual(4)
    const broken = judge(rules, trace).filter((verdict) => verdict.outcome === 'violated')
    expect(broken.map((verdict) => verdict.rule.name)).toEqual(request.fault === undefined ? [] : [request.fault])
  }
})
