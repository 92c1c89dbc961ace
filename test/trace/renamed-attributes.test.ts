import { expect, test } from 'vitest'
import { namesOf, namesOnResource } from '../../shared/trace/attribute-names.ts'
import { RENAMED_ATTRIBUTES } from '../../shared/trace/renamed-attributes.ts'

const keysOf = (names: ReturnType<typeof namesOf>) => names.others.map(({ key }) => key)

test('each group of names has a source, and no name twice for one attribute', () => {
  for (const { source, rows = [], narrower = [] } of RENAMED_ATTRIBUTES) {
    expect(source).not.toBe('')
    for (const row of [...rows, ...narrower]) {
      expect(row.length).toBeGreaterThan(1)
      expect(new Set(row).size).toBe(row.length)
    }
  }
})

test('a key is in one row of names that mean the same on a kind of span', () => {
  const places = RENAMED_ATTRIBUTES.flatMap(({ rows = [], kinds = ['all'] }) =>
    rows.flatMap((row) => row.flatMap((key) => kinds.map((kind) => `${key} on ${kind}`))),
  )
  expect(new Set(places).size).toBe(places.length)
})

test.each([
  'http.target',
  'url.path',
  'http.flavor',
  'net.protocol.version',
  'rpc.grpc.status_code',
  'messaging.kafka.destination.partition',
  'enduser.id',
  'enduser.role',
  'code.function',
])('%s has no other name: its renaming changed a meaning or a type', (key) => {
  expect(keysOf(namesOf(key, undefined))).toEqual([])
})

test('the newest of the other names comes first', () => {
  expect(keysOf(namesOf('http.retry_count', undefined))).toEqual(['http.request.resend_count', 'http.resend_count'])
})

test('an exact key has no other name, and a resource none that depends on a span', () => {
  expect(keysOf(namesOf('http.method', true))).toEqual([])
  expect(keysOf(namesOnResource('server.address', undefined))).toEqual([])
  expect(keysOf(namesOnResource('deployment.environment', undefined))).toEqual(['deployment.environment.name'])
})
