import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namedTraces } from '../../cli/trace-files.ts'
import { collectTraces } from '../../cli/traces.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { jsonRequest, traceIdOf } from './otlp.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-traces-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(name: string, ...lines: readonly object[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return path
}

async function collect(...files: readonly string[]) {
  const problems: string[] = []
  const collected = await collectTraces({
    files,
    open: namedTraces(Readable.from([])),
    onProblem: (problem) => problems.push(problem),
    onProgress: () => {},
  })
  return { ...collected, problems }
}

test('a trace is put together from lines and files, and traces come by their first start', async () => {
  const late = await put('late.jsonl', jsonRequest('late', [{ name: 'a', startMs: 500 }]))
  const early = await put('early.jsonl', jsonRequest('late', [{ name: 'b', startMs: 400 }]), {
    ...jsonRequest('early', [{ name: 'c', startMs: 100 }]),
  })
  const { traces, spanCount, problems } = await collect(late, early)
  expect(traces.map((trace) => trace.traceId)).toEqual([traceIdOf('early'), traceIdOf('late')])
  expect(traces[1]?.chunks).toHaveLength(2)
  expect(assembleTrace(traceIdOf('late'), traces[1]?.chunks ?? []).spans.map((span) => span.name)).toContain('a')
  expect({ spanCount, problems }).toEqual({ spanCount: 3, problems: [] })
})

test('spans are rejected by the rules of ingest and counted by reason', async () => {
  const request = jsonRequest('good', [{ name: 'a' }])
  const bad = jsonRequest('bad', [{ name: 'b' }])
  for (const resource of bad.resourceSpans)
    for (const scope of resource.scopeSpans) scope.spans[0] = withoutTraceId(scope)
  const { traces, spanCount, rejected, problems } = await collect(await put('mixed.jsonl', request, bad))
  expect(traces).toHaveLength(1)
  expect({ spanCount, rejected: [...rejected], problems }).toEqual({
    spanCount: 1,
    rejected: [['invalid-trace-id', 1]],
    problems: [],
  })
})

function withoutTraceId(scope: ReturnType<typeof jsonRequest>['resourceSpans'][number]['scopeSpans'][number]) {
  const span = scope.spans[0]
  if (span === undefined) throw new Error('no span')
  return { ...span, traceId: '0'.repeat(32) }
}

test('a file without trace data is named, and the rest is read', async () => {
  const good = await put('good.jsonl', jsonRequest('good', [{ name: 'a' }]), { resourceMetrics: [] })
  const binary = join(folder, 'picture.pb')
  await writeFile(binary, new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00]))
  const missing = join(folder, 'missing.json')
  const { traces, problems, problemCount } = await collect(missing, binary, good)
  expect(traces).toHaveLength(1)
  expect(problems).toEqual([
    `no such file or folder: ${missing}`,
    expect.stringMatching(/picture\.pb: malformed protobuf/),
    expect.stringMatching(/good\.jsonl:2: no spans, only fields that OTLP does not have/),
  ])
  expect(problemCount).toBe(3)
})
