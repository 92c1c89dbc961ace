import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from './fake-terminal.ts'
import { jsonRequest, traceIdOf } from './otlp.ts'

let folder: string
let rules: string
let traces: string

const charged = jsonRequest('charged', [
  { name: 'POST /checkout', service: 'frontend' },
  { name: 'payment.charge', service: 'payment', attributes: { amount: 120 } },
])
const validated = jsonRequest('validated', [{ name: 'cart.validate' }, { name: 'payment.charge' }])
const retried = jsonRequest('retried', [{ name: 'api.request', attributes: { retries: 5 } }])

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-eval-'))
  rules = await put(
    'shop.rules',
    '// Signal: CHARGE_WITHOUT_VALIDATION (critical)\n// Description: no charge without a validated cart\n' +
      'trace.has(payment.charge) and not trace.has(cart.validate)\n\n' +
      '// Signal: TOO_MANY_RETRIES (high)\ntrace.has(api.request).where(retries > 3)\n',
  )
  traces = await put('traces.jsonl', lines(charged, validated, retried))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

const lines = (...requests: readonly object[]) => requests.map((request) => `${JSON.stringify(request)}\n`).join('')

const evaluate = (args: readonly string[], stdin?: string | Uint8Array) =>
  runInProcess(['eval', '--rules', rules, '--format', 'jsonl', ...args], stdin)

/** `SIGNAL trace` of each line. */
function signals(out: string, names: readonly string[] = ['charged', 'validated', 'retried']): readonly string[] {
  const named = new Map(names.map((name) => [traceIdOf(name), name]))
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { signal: string; traceId: string })
    .map(({ signal, traceId }) => `${signal} ${named.get(traceId)}`)
}

const BOTH = ['CHARGE_WITHOUT_VALIDATION charged', 'TOO_MANY_RETRIES retried'].sort()

test('each broken rule is one line with signal, severity, trace, completeness and evidence; the exit code is 1', async () => {
  const { exitCode, out, err } = await evaluate([traces])
  expect(exitCode).toBe(1)
  expect(signals(out).toSorted()).toEqual(BOTH)
  const first = out.split('\n').find((line) => line.includes('CHARGE')) ?? ''
  expect(JSON.parse(first)).toMatchObject({
    signal: 'CHARGE_WITHOUT_VALIDATION',
    severity: 'critical',
    traceId: traceIdOf('charged'),
    complete: true,
    evidence: { text: expect.stringContaining('cart.validate'), clauses: expect.any(Array) },
  })
  expect(err).toMatch(/^2 signals: 2 rules on 3 traces, 5 spans in \d+\.\d s\n$/)
})

test('no signal is exit code 0 and an empty output', async () => {
  const { exitCode, out, err } = await evaluate([await put('fine.json', JSON.stringify(validated))])
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: '' })
  expect(err).toMatch(/^0 signals: 2 rules on 1 trace, 2 spans in /)
})

test('signals come in one order, whatever the order of files and lines', async () => {
  const reversed = await put('reversed.jsonl', lines(retried, validated, charged))
  const { out } = await evaluate([traces])
  expect((await evaluate([reversed])).out).toBe(out)
  expect((await evaluate([await put('r.json', lines(retried)), await put('c.json', lines(charged))])).out).toBe(out)
})

test('a trace spread over lines and files is judged as one', async () => {
  const [root, child] = validated.resourceSpans
  const a = await put('a.json', JSON.stringify({ resourceSpans: [child] }))
  const b = await put('b.json.gz', gzipSync(JSON.stringify({ resourceSpans: [root] })))
  expect((await evaluate([a])).exitCode).toBe(1)
  expect(await evaluate([a, b])).toMatchObject({ exitCode: 0, out: '' })
})

test('standard input is read once', async () => {
  const { exitCode, out } = await evaluate(['-'], gzipSync(lines(charged)))
  expect({ exitCode, signals: signals(out) }).toEqual({ exitCode: 1, signals: [BOTH[0]] })
  expect(await evaluate(['-', '-'])).toMatchObject({
    exitCode: 2,
    err: 'betrace: standard input (-) can be read only once\n',
  })
})

test('bad lines and missing files are named, the rest is judged, and the exit code is 2', async () => {
  const bad = await put('bad.jsonl', `${lines(charged)}{"resourceSpans": 7}\nnope\n${lines(retried)}`)
  const { exitCode, out, err } = await evaluate([bad, join(folder, 'missing.json')])
  expect(exitCode).toBe(2)
  expect(signals(out).toSorted()).toEqual(BOTH)
  expect(err).toMatch(/bad\.jsonl:2: .*resourceSpans/)
  expect(err).toMatch(/bad\.jsonl:3: .*JSON/)
  expect(err).toMatch(/no such file or folder: .*missing\.json/)
})

test('a rule that does not compile is shown, the others judge, and the exit code is 2', async () => {
  const broken = await put('broken.rules', '// Signal: BROKEN (low)\ntrace.has(a) && b\n')
  const { exitCode, out, err } = await runInProcess(['eval', '-r', rules, broken, '-f', 'jsonl', traces])
  expect(exitCode).toBe(2)
  expect(signals(out).toSorted()).toEqual(BOTH)
  expect(err).toContain('broken.rules:2')
})

test('spans that ingest would reject are counted by reason, and are no bad input', async () => {
  const zero = JSON.stringify(retried).replaceAll(traceIdOf('retried'), '0'.repeat(32))
  const { exitCode, err } = await evaluate([await put('zero.jsonl', `${zero}\n${lines(validated, validated)}`)])
  expect(exitCode).toBe(0)
  expect(err).toMatch(/^0 signals: 2 rules on 1 trace, 2 spans, 2 repeated, 1 rejected for invalid trace id in /)
})

test('a rule in shadow mode is listed as such and is not a failure', async () => {
  const shadow = await put('shadow.rules', '// Signal: TRIED_OUT (low)\n// Mode: shadow\ntrace.has(payment.charge)\n')
  const { exitCode, out, err } = await runInProcess(['eval', '-r', shadow, '-f', 'jsonl', traces])
  expect(exitCode).toBe(0)
  expect(out.split('\n').filter((line) => line.includes('"mode":"shadow"'))).toHaveLength(2)
  expect(err).toContain('0 signals (and 2 in shadow mode): ')
})

test('trace files may follow the rules without a separator', async () => {
  const other = await put('other.yaml', 'rules: [{ id: OTHER, severity: low, condition: api.request }]')
  const { exitCode, err } = await runInProcess(['eval', '--rules', rules, other, folder, traces, '-'], lines(charged))
  expect(exitCode).toBeGreaterThan(0)
  expect(err).toMatch(/ on 3 traces, 5 spans, 2 repeated in /)
})

test('pretty output says what fired, on which trace, and why', async () => {
  const { out } = await runInProcess(['eval', '--rules', rules, traces])
  expect(out).toContain('CRITICAL CHARGE_WITHOUT_VALIDATION\n')
  expect(out).toContain(`  trace ${traceIdOf('charged')}`)
  expect(out).toContain('  no charge without a validated cart\n')
  expect(out).toContain('0 of 2 spans named cart.validate')
})

test('without rules or files the usage is refused with exit code 2', async () => {
  expect(await runInProcess(['eval', traces])).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining("required option '-r, --rules <path...>' not specified"),
  })
  expect(await evaluate([])).toMatchObject({ exitCode: 2, err: expect.stringContaining('missing trace files') })
})
