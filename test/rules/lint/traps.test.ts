import { describe, expect, test } from 'vitest'
import type { Catalogue } from '../../../shared/catalogue/catalogue.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { lintRules } from '../../../shared/rules/lint/lint.ts'
import { sampled } from '../../catalogue/sampled.ts'

function warningsOf(text: string, sample?: Catalogue) {
  const { rules, problems } = checkRules([{ file: 'a.rules', text: `// Signal: EXAMPLE (low)\n${text}\n` }])
  expect(problems).toEqual([])
  return lintRules(rules, sample).items
}

const codesOf = (text: string) => warningsOf(text).map(({ code }) => code)

/** The first thing that the hint says to write, in place of what was warned of. */
function corrected(text: string): string {
  const [warning] = warningsOf(text)
  const [, meant = ''] = /^write (.*?)(?:, or .*| without quotes.*)?$/.exec(warning?.hint ?? '') ?? []
  return meant
}

describe('the status or kind of a span as an attribute', () => {
  test.each([
    ['any.where(status == error)', 'span.status == error'],
    ['any.where(status == "ERROR")', 'span.status == error'],
    ['any.where(status == "STATUS_CODE_OK")', 'span.status == ok'],
    ['any.where(status != ok and amount > 1)', 'span.status != ok'],
    ['any.where(status in [error, unset])', 'span.status in [error, unset]'],
    ['any.where(kind == server)', 'span.kind == server'],
    ['any.where(kind == "SPAN_KIND_CLIENT")', 'span.kind == client'],
    ['a and trace.all(a).where(status == ok)', 'span.status == ok'],
    ['trace.count(any.where(status == error)) > 3', 'span.status == error'],
  ])('%s is warned of', (text, meant) => {
    expect(codesOf(text)).toEqual(['span-value-as-attribute'])
    expect(corrected(text)).toBe(meant)
    expect(codesOf(`any.where(${meant})`)).toEqual([])
  })

  test('a bound span has both', () => {
    const [warning] = warningsOf('trace.has(a) as p and p.status == error')
    expect(warning?.hint).toBe('write p.span.status == error, or p.attr("status") for the attribute')
    expect(codesOf('trace.has(a) as p and p.attr("status") == error')).toEqual([])
  })

  test.each([
    'any.where(attr(status) == error)',
    'any.where(status == declined)',
    'any.where(status in [error, declined])',
    'any.where(status == 500)',
    'any.where(kind == express)',
    'any.where(payment.status == error)',
    'any.where(exists(status))',
  ])('%s is not', (text) => {
    expect(codesOf(text)).toEqual([])
  })
})

describe('an attribute of exceptions', () => {
  test.each([
    'any.where(exception.type == "java.io.IOException")',
    'any.where(exception.message contains timeout)',
    'any.where(exception.stacktrace matches "at main")',
    'any.where(exception.type in [A, B])',
    'trace.has(a) as p and p.exception.type == A',
    'any.where(exception.type == A).event(exception)',
  ])('%s is warned of', (text) => {
    expect(codesOf(text)).toEqual(['event-attribute'])
  })

  test('the hint asks the event', () => {
    const text = 'any.where(exception.type ends with IOException)'
    expect(corrected(text)).toBe('any.event(exception).where(exception.type ends with IOException)')
    expect(codesOf(corrected(text))).toEqual([])
  })

  test.each([
    'any.event(exception).where(exception.type == A)',
    'trace.has(a) as p and p.event(exception).where(exception.type == A)',
    'any.where(attr(exception.type) == A)',
    'any.where(span.status == error and not exists(exception.type))',
  ])('%s is not', (text) => {
    expect(codesOf(text)).toEqual([])
  })

  test('nor where recorded spans carry it', () => {
    const sample = sampled({ a: { 'exception.type': 'string' } })
    expect(warningsOf('trace.has(a).where(exception.type == A)', sample)).toEqual([])
  })
})

describe('a well-known attribute compared with a value of another type', () => {
  test.each([
    ['http.response.status_code == "500"', 'http.response.status_code == 500'],
    ['http.response.status_code != "200"', 'http.response.status_code != 200'],
    ['http.response.status_code >= "500"', 'http.response.status_code >= 500'],
    ['http.response.status_code in ["500", 503]', 'http.response.status_code in [500, 503]'],
    ['http.response.status_code not in ["200"]', 'http.response.status_code not in [200]'],
    ['attr("http.status_code") == "500"', 'http.status_code == 500'],
    ['server.port == "443"', 'server.port == 443'],
    ['db.response.status_code == 1045', 'db.response.status_code == "1045"'],
    ['messaging.destination.partition.id == 3', 'messaging.destination.partition.id == "3"'],
    ['tls.protocol.version < 1.2', 'num(tls.protocol.version) < 1.2'],
    ['faas.coldstart == "true"', 'faas.coldstart == true'],
  ])('%s is warned of', (filter, meant) => {
    expect(codesOf(`any.where(${filter})`)).toEqual(['attribute-type'])
    expect(corrected(`any.where(${filter})`).replace(/ or .*/, '')).toBe(meant)
    expect(codesOf(`any.where(${meant})`)).toEqual([])
  })

  test.each([
    'http.response.status_code starts with "5"',
    'http.response.status_code matches "5.."',
    'http.response.status_code == OK',
    'http.response.status_code == true',
    'http.request.method == 5',
    'gen_ai.usage.input_tokens > "1000"',
  ])('%s is warned of, with what to compare', (filter) => {
    expect(codesOf(`any.where(${filter})`)).toEqual(['attribute-type'])
  })

  test('a bound span is written with its name', () => {
    expect(corrected('trace.has(a) as p and p.server.port == "443"')).toBe('p.server.port == 443')
  })

  test.each([
    'http.response.status_code == 500',
    'http.response.status_code >= 500 and http.request.method == GET',
    'num(http.response.status_code) == 500',
    'http.route matches "^/a"',
    'http.route starts with "/a"',
    'order.status_code == "500"',
    'exists(server.port)',
    'http.response.status_code == attr(expected)',
  ])('%s is not', (filter) => {
    expect(codesOf(`any.where(${filter})`)).toEqual([])
  })
})

describe('a star inside quotes', () => {
  test.each([
    ['trace.has("GET /users *")', 'any.where(span.name starts with "GET /users ")'],
    ['trace.has("* checkout")', 'any.where(span.name ends with " checkout")'],
    ['trace.has("GET * now")', 'any.where(span.name matches "^GET .* now$")'],
    ['trace.has("payment.*")', 'trace.has(payment.*)'],
    ['"GET *"', 'any.where(span.name starts with "GET ")'],
    ['trace.count("GET *") > 3', 'any.where(span.name starts with "GET ")'],
  ])('%s is warned of', (text, meant) => {
    expect(codesOf(text)).toEqual(['quoted-glob'])
    expect(corrected(text)).toBe(meant)
    expect(codesOf(meant)).toEqual([])
  })

  test.each([
    'trace.has("GET /files/*")',
    'trace.has("GET /**")',
    'trace.has("SELECT * FROM orders")',
    'trace.has(payment.*)',
    'trace.has("GET /users")',
    'any.where(span.name == "GET *")',
  ])('%s is not', (text) => {
    expect(codesOf(text)).toEqual([])
  })
})

describe('a rule that every trace violates', () => {
  test.each([
    'trace.has(any)',
    'any',
    'trace.has(*)',
    'trace.count(any) >= 1',
    'trace.count(any) > 0',
    'trace.count(any) != 0',
    'trace.spans > 0',
    'trace.count(x) >= 0',
    'trace.duration >= 0ms',
    'trace.has(any) or trace.has(a)',
    'trace.has(any) and trace.spans >= 1',
    'trace.has(a) or not trace.has(a)',
    'when { trace.has(any) } never { trace.has(any) }',
    'when { trace.has(any) } always { trace.spans < 1 }',
  ])('%s is warned of, once', (text) => {
    expect(codesOf(text).filter((code) => code !== 'never-holds')).toEqual(['fires-always'])
  })

  test.each([
    'trace.has(any) and trace.has(a)',
    'trace.has(any.where(span.status == error))',
    'trace.count(any) > 1',
    'trace.count(any).by(k) >= 1',
    'trace.duration > 0ms',
    'trace.spans >= 2',
    'when { trace.has(any) } always { trace.has(a) }',
    'when { trace.has(a) } never { trace.has(any.where(k == 1)) }',
    'trace.has(a) and trace.count(b) >= 0',
  ])('%s is not', (text) => {
    expect(codesOf(text)).not.toContain('fires-always')
  })
})
