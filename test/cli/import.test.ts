import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SAMPLE_START_MS, SAMPLE_TRACE_ID, SAMPLES } from '../otlp/foreign/samples.ts'
import { runInProcess } from './fake-terminal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'betrace-import-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const RULE = '// Signal: FAILED (high)\ntrace.has(checkout).where(span.status == error)\n'
const data = () => join(folder, 'data')
const importing = (...args: string[]) => runInProcess(['import', '--data', data(), ...args])

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** The hour around the sample. */
const hour = new Date(Math.floor(SAMPLE_START_MS / 3_600_000) * 3_600_000)
const RANGE = ['--from', hour.toISOString(), '--to', new Date(hour.getTime() + 3_600_000).toISOString()]

/** What replay says of it. */
async function replayed() {
  const { out } = await runInProcess([
    'replay',
    '-d',
    data(),
    ...RANGE,
    '--rules',
    file('a.rules', RULE),
    '--format',
    'json',
  ])
  const { rules, traces } = JSON.parse(out)
  return { traces, violated: rules[0].violated, samples: rules[0].samples }
}

test.each([
  ['Jaeger, plain', 'jaeger', (text: string) => Buffer.from(text)],
  ['Zipkin, with gzip', 'zipkin', gzipSync],
  ['Tempo, with zstd', 'tempo', zstdCompressSync],
] as const)('imports a file of %s under its own hour, where replay judges it as eval does', async (_, tool, pack) => {
  const path = file('traces', pack(JSON.stringify(SAMPLES[tool])))
  const { exitCode, out } = await importing(path)
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^1 trace with [12] spans? imported into 1 file/)])
  const found = await replayed()
  expect(found).toMatchObject({ traces: 1, violated: 1 })
  const judged = await runInProcess(['eval', '--rules', file('a.rules', RULE), '--format', 'jsonl', path])
  const [sample] = found.samples
  expect(JSON.parse(judged.out)).toMatchObject({ traceId: sample.traceId, evidence: sample.evidence })
})

test('leaves out what is there already, and adds the spans that a trace lacks', async () => {
  const [client, server] = SAMPLES.zipkin
  const half = file('half.json', JSON.stringify([client]))
  const whole = file('whole.json', JSON.stringify([client, server]))
  expect((await importing(half)).out).toMatch(/^1 trace with 1 span imported/)
  expect((await importing(half)).out).toMatch(/^0 traces .*; 1 trace were there already|^0 traces .*there already/)
  expect((await importing(whole)).out).toMatch(/^1 trace with 1 span imported/)
  expect((await importing(whole)).out).toMatch(/^0 traces with 0 spans imported into 0 files/)
  expect(await replayed()).toMatchObject({ traces: 1, violated: 1 })
})

test('keeps no example values of the keys to redact, nor does what is written there later', async () => {
  const path = file('traces', JSON.stringify(SAMPLES.jaeger))
  const shown = async () => (await runInProcess(['spans', 'attributes', '*', '-d', data(), ...RANGE])).out
  await importing(path)
  expect(await shown()).toMatch(/host\.name +string +"a"/)
  expect((await importing('--redact', 'http.*,host.name', path)).exitCode).toBe(0)
  expect((await importing('--redact', 'other', path)).exitCode).toBe(0)
  expect(await shown()).toMatch(/host\.name +string\n/)
  expect(JSON.parse(readFileSync(join(data(), 'archive/redacted-keys.json'), 'utf8'))).toEqual([
    'http.*',
    'host.name',
    'other',
  ])
})

test('keys to redact belong to a folder, or to the settings of a stack', async () => {
  const { exitCode, err } = await runInProcess(['import', '--stack', 'x', '--redact', 'a', 'traces'])
  expect([exitCode, err]).toEqual([2, expect.stringContaining('a stack has the setting `redact`')])
})

test('reads standard input, and names a part that cannot be read', async () => {
  const text = `${JSON.stringify(SAMPLES.tempo)}\n{"data":[{"spans":3}]}\n`
  const { exitCode, out, err } = await runInProcess(['import', '-d', data(), '-'], text)
  expect([exitCode, out, err]).toEqual([
    2,
    expect.stringMatching(/^1 trace with 1 span imported/),
    expect.stringContaining('<stdin>:2: spans is not a list of objects'),
  ])
})

test('a file that is missing is bad input', async () => {
  const { exitCode, err } = await importing(join(folder, 'none.json'))
  expect([exitCode, err]).toEqual([2, expect.stringContaining('none.json')])
})

test('a trace of today is filed by its start, too', async () => {
  const spans = SAMPLES.zipkin.map((span) => ({ ...span, timestamp: (Date.now() - 60_000) * 1_000 }))
  await importing(file('new.json', JSON.stringify(spans)))
  const shown = await runInProcess([
    'replay',
    '-d',
    data(),
    '--from',
    '-2h',
    '--rules',
    file('a.rules', RULE),
    '--format',
    'json',
  ])
  expect(JSON.parse(shown.out).rules[0].samples[0].traceId).toBe(SAMPLE_TRACE_ID)
})
