import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from './fake-terminal.ts'
import { jsonRequest, traceIdOf } from './otlp.ts'

let folder: string
let rules: string
let traces: string
let late: string

const charged = traceIdOf('charged')
const zeros = `${'0'.repeat(16)}4376effce3c2d72d`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-explain-'))
  rules = join(folder, 'shop.rules')
  traces = join(folder, 'traces.jsonl')
  await writeFile(
    rules,
    '// Signal: CHARGE_WITHOUT_VALIDATION (critical)\ntrace.has(payment.charge) and not trace.has(cart.validate)\n\n' +
      '// Signal: TOO_MANY_RETRIES (high)\ntrace.has(api.request).where(retries > 3)\n\n' +
      '// Signal: REFUNDS_ARE_LOGGED (low)\nwhen { trace.has(payment.refund) } always { trace.has(audit.log) }\n',
  )
  const spans = [{ name: 'payment.charge' }, { name: 'api.request', attributes: { retries: 2 } }]
  const short = JSON.stringify(jsonRequest('short', [{ name: 'a' }])).replaceAll(traceIdOf('short'), zeros)
  late = join(folder, 'late.jsonl')
  await writeFile(late, JSON.stringify(jsonRequest('late', [{ name: 'b' }, { name: 'a' }])))
  await writeFile(traces, `${JSON.stringify(jsonRequest('charged', spans))}\n${short}\n`)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const explain = (traceId: string, ...files: readonly string[]) =>
  runInProcess(['explain', '--rules', rules, '--trace', traceId, ...files])

test('every rule has its verdict and what was seen, clause by clause', async () => {
  const { exitCode, out, err } = await explain(charged, traces)
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  const [head, drawing, ...verdicts] = out.split('\n\n')
  expect(head).toBe(`trace ${charged} payment.charge · 2 spans · 1 service`)
  expect(drawing?.split('\n').map((line) => line.slice(0, 22))).toEqual([
    '►1 payment.charge shop',
    '     api.request  shop',
  ])
  expect(verdicts[0]).toMatch(
    /^✗ violated CHARGE_WITHOUT_VALIDATION \(critical\) ►1\n {2}✓ trace\.has\(payment\.charge\)/,
  )
  expect(verdicts[0]).toContain('0 of 2 spans named cart.validate')
  expect(verdicts[1]).toMatch(/^✓ satisfied TOO_MANY_RETRIES \(high\)/)
  expect(verdicts[1]).toMatch(/near miss: .*retries/)
  expect(verdicts[2]).toMatch(/^○ vacuous REFUNDS_ARE_LOGGED \(low\)/)
})

test('a trace is found by the beginning of its id, in either case, and without leading zeros', async () => {
  for (const id of [charged.slice(0, 6), charged.toUpperCase()]) {
    expect((await explain(id, traces)).out).toMatch(new RegExp(`^trace ${charged}`))
  }
  expect((await explain('4376effce3c2d72d', traces)).out).toMatch(new RegExp(`^trace ${zeros}`))
})

test('an unknown trace id is answered with ids there are, and exit code 2', async () => {
  expect(await explain('ffff', traces)).toEqual({
    exitCode: 2,
    out: '',
    err: expect.stringMatching(
      /^betrace: no trace ffff\n {2}the files hold 2 traces, such as [0-9a-f]{32}, [0-9a-f]{32}\n$/,
    ),
  })
})

test('a beginning that fits several traces is refused with exit code 2', async () => {
  const { exitCode, err } = await explain('', traces)
  expect({ exitCode, err }).toEqual({ exitCode: 2, err: expect.stringMatching(/2 traces begin with/) })
})

test('a bad line beside the trace is named, and the exit code is 2', async () => {
  const bad = join(folder, 'bad.jsonl')
  await writeFile(bad, 'nope\n')
  const { exitCode, out, err } = await explain(charged, bad, traces)
  expect(exitCode).toBe(2)
  expect(out).toContain('violated CHARGE_WITHOUT_VALIDATION')
  expect(err).toMatch(/bad\.jsonl:1: /)
})

test('of spans in the wrong order the one that broke the rule is marked, and the one that came near', async () => {
  const ordered = join(folder, 'ordered.rules')
  await writeFile(ordered, '// Signal: ORDERED (high)\nwhen { b } always { a before b }\n')
  const { out } = await runInProcess(['explain', '--rules', ordered, '--trace', traceIdOf('late'), traces, late])
  const [, drawing, verdict] = out.split('\n\n')
  expect(drawing?.split('\n').map((line) => line.slice(0, 6).replace(/ +/g, ' ').trim())).toEqual(['►1 b', '~1 a'])
  expect(verdict).toMatch(/^✗ violated ORDERED \(high\) ►1\n[\s\S]* — a ended \S+ AFTER b started\n/)
})

test('a violation that a server keeps back says how long', async () => {
  const patient = join(folder, 'patient.rules')
  await writeFile(
    patient,
    '// Signal: RECEIPT_MISSING (high)\n// Wait: 2m\nwhen { payment.charge as p } always { p before receipt within 20s }\n',
  )
  const { out } = await runInProcess(['explain', '--rules', patient, '--trace', charged, traces])
  expect(out).toMatch(
    /waits after the last span: [\d.]+ s, since a span may still end this violation; 120 s, as the rule says/,
  )
})
