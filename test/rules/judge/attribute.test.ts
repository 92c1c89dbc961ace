import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { renderEvidence } from '../../../shared/rules/evidence/render.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

const SERVER = 2
const CLIENT = 3

type Sketch = Omit<SpanSketch, 'name'>

const verdictOn = (body: string, ...spans: readonly Sketch[]) =>
  judge(compileRules(rulesOf(body)), traceOf(spans.map((each) => ({ name: 'x', ...each }))))[0]

const isTrueOf = (filter: string, ...spans: readonly Sketch[]) =>
  verdictOn(`trace.has(any).where(${filter})`, ...spans)?.outcome === 'violated'

/** The lines under the first clause that show a span, without its id. */
const evidenceOf = (body: string, ...spans: readonly Sketch[]) => {
  const evidence = verdictOn(body, ...spans)?.evidence
  return evidence === undefined ? [] : renderEvidence(evidence).map((line) => line.trim().replace(/[0-9a-f]{16}/, 'ID'))
}

describe('an absent attribute is read under its older and newer names', () => {
  test.each<readonly [string, Sketch]>([
    ['http.response.status_code == 500', { attributes: { 'http.status_code': 500 } }],
    ['http.status_code == 500', { attributes: { 'http.response.status_code': 500 } }],
    ['exists(db.query.text)', { attributes: { 'db.statement': 'SELECT 1' } }],
    ['db.collection.name == users', { attributes: { 'db.mongodb.collection': 'users' } }],
    ['network.peer.address == "::1"', { attributes: { 'net.peer.ip': '::1' } }],
    ['net.peer.ip == "::1"', { attributes: { 'network.peer.address': '::1' } }],
    ['server.address == db', { kind: CLIENT, attributes: { 'net.peer.name': 'db' } }],
    ['server.address == shop', { kind: SERVER, attributes: { 'net.host.name': 'shop' } }],
    ['messaging.destination.name == orders', { attributes: { 'messaging.destination': 'orders' } }],
    ['rpc.system.name == grpc', { attributes: { 'rpc.system': 'grpc' } }],
    ['gen_ai.usage.input_tokens > 5', { attributes: { 'gen_ai.usage.prompt_tokens': 6 } }],
    ['faas.invocation_id == i', { attributes: { 'faas.execution': 'i' } }],
    ['deployment.environment.name == prod', { resource: { 'deployment.environment': 'prod' } }],
    ['resource.deployment.environment.name == prod', { resource: { 'deployment.environment': 'prod' } }],
    ['num(http.response.status_code) + 1 == 501', { attributes: { 'http.status_code': '500' } }],
    ['x == http.method', { attributes: { x: 'GET', 'http.request.method': 'GET' } }],
    ['http.request.method == GET', { attributes: { 'http.request.method': null, 'http.method': 'GET' } }],
  ])('%s holds of %j', (filter, span) => {
    expect(isTrueOf(filter, span)).toBe(true)
  })

  test('its own name comes first, also where only the resource has it', () => {
    const both = { attributes: { 'http.status_code': 500, 'http.response.status_code': 200 } }
    expect(isTrueOf('http.response.status_code == 200 and http.status_code == 500', both)).toBe(true)
    const apart = { attributes: { 'deployment.environment': 'a' }, resource: { 'deployment.environment.name': 'b' } }
    expect(isTrueOf('deployment.environment.name == b', apart)).toBe(true)
  })

  test('in events, joins, groups and aggregates', () => {
    const failed = { events: [{ name: 'exception', attributes: { 'error.kind': 'Timeout' } }] }
    expect(verdictOn('any.event(exception).where(exception.type == Timeout)', failed)?.outcome).toBe('violated')
    const older = { attributes: { 'db.statement': 'a' } }
    const newer = { attributes: { 'db.query.text': 'a' }, startNanos: 2_000_000n }
    expect(verdictOn('trace.count(any).by(db.query.text) > 1', older, newer)?.outcome).toBe('violated')
    expect(verdictOn('trace.distinct(any, db.statement) == 1', older, newer)?.outcome).toBe('violated')
    const join = 'trace.has(any) as p and trace.has(any).where(db.query.text == p.db.statement) starts after p'
    expect(verdictOn(join, older, newer)?.outcome).toBe('violated')
  })
})

describe('another name is not read where it means something else', () => {
  test.each<readonly [string, Sketch]>([
    ['exists(server.address)', { kind: SERVER, attributes: { 'net.peer.name': 'client' } }],
    ['exists(server.address)', { kind: CLIENT, attributes: { 'net.host.name': 'here' } }],
    ['exists(db.mongodb.collection)', { attributes: { 'db.collection.name': 'users' } }],
    ['exists(rpc.response.status_code)', { attributes: { 'rpc.grpc.status_code': 4 } }],
    ['exists(url.path)', { attributes: { 'http.target': '/x?y' } }],
    ['exists(resource.server.address)', { kind: CLIENT, resource: { 'net.peer.name': 'db' } }],
    ['exists(attr("http.status_code", exact))', { attributes: { 'http.response.status_code': 500 } }],
    ['attr("http.status_code", exact) in [500]', { attributes: { 'http.response.status_code': 500 } }],
  ])('%s does not hold of %j', (filter, span) => {
    expect(isTrueOf(filter, span)).toBe(false)
  })

  test('an exact name and the same name in one rule are told apart', () => {
    const span = { attributes: { 'http.response.status_code': 500 } }
    const filter = 'exists(http.status_code) and http.status_code > 1 and not exists(attr(http.status_code, exact))'
    expect(isTrueOf(filter, span)).toBe(true)
  })
})

describe('what Micrometer writes on the spans of HTTP requests', () => {
  const span = {
    kind: SERVER,
    attributes: { method: 'POST', uri: '/pay/{id}', status: '503', outcome: 'SERVER_ERROR', exception: 'none' },
  }

  test('is read under the names of OpenTelemetry, the status as a number', () => {
    expect(isTrueOf('http.request.method == POST and http.route == "/pay/{id}"', span)).toBe(true)
    expect(isTrueOf('http.response.status_code >= 500', span)).toBe(true)
    expect(isTrueOf('url.template == "/pay/{id}"', { ...span, kind: CLIENT })).toBe(true)
    expect(isTrueOf('exists(error.type)', span)).toBe(false)
    const failed = { ...span, attributes: { ...span.attributes, exception: 'IllegalStateException' } }
    expect(isTrueOf('error.type == IllegalStateException', failed)).toBe(true)
  })

  test('is not read on a span of another kind, or without its fellows', () => {
    expect(isTrueOf('exists(http.response.status_code)', { ...span, kind: 1 })).toBe(false)
    expect(isTrueOf('exists(http.response.status_code)', { kind: SERVER, attributes: { status: '503' } })).toBe(false)
  })
})

describe('evidence says which name was read', () => {
  test('beside the values of a span', () => {
    const lines = evidenceOf('trace.has(any).where(http.response.status_code >= 500)', {
      attributes: { 'http.status_code': 500 },
    })
    expect(lines[1]).toBe('span ID x of shop: http.response.status_code (read as http.status_code) = 500')
  })

  test('in why a span is a near miss, of bound spans, and in calculations', () => {
    const span = { attributes: { 'http.status_code': 500, 'net.peer.port': 5 }, kind: CLIENT }
    const missed = evidenceOf('when { any } always { x.where(http.response.status_code < 400) }', span)
    expect(missed.at(-1)).toBe(
      'near miss: span ID x of shop: http.response.status_code (read as http.status_code) is 500, not < 400',
    )
    const bound = evidenceOf('trace.has(any) as p and p.server.port * 2 == 10', span)
    expect(bound.join('\n')).toContain('p.server.port (read as net.peer.port) is 5')
    const event = { events: [{ name: 'exception', attributes: { 'error.kind': 'E' } }] }
    expect(evidenceOf('any.event(exception).where(exception.type == E)', event)[1]).toBe(
      'span ID x of shop: event(exception)=1 event(exception).exception.type (read as error.kind) = "E"',
    )
  })

  test('and nothing where the attribute has its own name', () => {
    const lines = evidenceOf('trace.has(any).where(http.response.status_code >= 500)', {
      attributes: { 'http.response.status_code': 500, 'http.status_code': 200 },
    })
    expect(lines[1]).toBe('span ID x of shop: http.response.status_code=500')
  })
})
