import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archiveTraffic } from '../../cli/demo/replay/archive-traffic.ts'
import { run as runProgram } from '../../cli/program.ts'
import { archiveFolder } from '../../local/archive/parquet-archive.ts'
import type { ReplayReport } from '../../shared/replay/report.ts'
import { fakeTerminal, runInProcess } from './fake-terminal.ts'

const FROM = '2025-10-01'
const TO = '2025-10-03'
const FROM_MS = Date.parse(`${FROM}T00:00Z`)

let data: string
let rules: string
let violating: ReadonlySet<string>
let traces: number

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'betrace-replay-'))
  const plan = { fromMs: FROM_MS, hours: 48, tracesAnHour: 10, violations: 12, seed: 1 }
  const archived = await archiveTraffic(archiveFolder(data), plan)
  violating = archived.violating
  traces = archived.traces
  rules = join(data, 'retries.rules')
  await writeFile(
    rules,
    '// Signal: RETRY_LIMIT_EXCEEDED (high)\ntrace.has(api.request).where(retries > 3)\n\n' +
      '// Signal: NEVER (low)\ntrace.has(no.such.span)\n',
  )
})

afterAll(() => rm(data, { recursive: true }))

const replay = (...args: readonly string[]) =>
  runInProcess(['replay', '--data', data, '--rules', rules, '--from', FROM, '--to', TO, ...args])

describe('betrace replay', () => {
  test('lists each violating trace of the range as a line, and exits with 1', async () => {
    const { exitCode, out, err } = await replay('--format', 'jsonl')
    const ids = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).traceId]))
    expect(new Set(ids)).toEqual(violating)
    expect(ids).toHaveLength(12)
    expect(exitCode).toBe(1)
    expect(err).toMatch(/^12 violations: 2 rules on \d+ traces, .* read, archived through 2025-10-02T23:.*\) in/)
  })

  test('reports as JSON what each rule said, by hour, with evidence', async () => {
    const { out } = await replay('--format', 'json', '--limit', '2')
    const report: ReplayReport = JSON.parse(out)
    const [retries, never] = report.rules
    expect(retries).toMatchObject({
      rule: 'RETRY_LIMIT_EXCEEDED',
      judged: traces,
      violated: 12,
      satisfied: traces - 12,
    })
    expect(retries?.hours.reduce((sum, { violated }) => sum + violated, 0)).toBe(12)
    expect(retries?.samples).toHaveLength(2)
    expect(retries?.samples[0]?.time).toBe(retries?.first)
    expect(retries?.samples[0]?.evidence.text).toContain('retries')
    expect(never).toMatchObject({ judged: traces, violated: 0, satisfied: traces, first: null, hours: [], samples: [] })
    expect(report).toMatchObject({ failures: [], from: '2025-10-01T00:00:00.000Z' })
  })

  test('draws the violations of each rule over time for people', async () => {
    const { out } = await replay()
    expect(out).toContain(`HIGH RETRY_LIMIT_EXCEEDED: 12 violations`)
    expect(out).toMatch(/^ {2}[·▁▂▃▄▅▆▇█]{48}$/m)
    expect(out).toContain('… and 9 more')
    expect(out).toContain(`LOW NEVER: 0 violations in`)
  })

  test('marks rules in shadow mode', async () => {
    const shadow = join(data, 'shadow.rules')
    await writeFile(shadow, '// Signal: DRAFT (low)\n// Mode: shadow\ntrace.has(api.request).where(retries > 3)\n')
    expect((await replay('--rules', rules, shadow)).out).toContain('LOW DRAFT (shadow): 12 violations')
    const { out } = await replay('--rules', rules, shadow, '--format', 'json')
    const marks = JSON.parse(out).rules.map(({ rule, shadow }: ReplayReport['rules'][number]) => [rule, shadow])
    expect(marks).toEqual(
      expect.arrayContaining([
        ['DRAFT', true],
        ['NEVER', false],
      ]),
    )
  })

  test('judges only by the rules that are named, and exits with 0 where none is broken', async () => {
    const { exitCode, out } = await replay('--rule', 'NEVER', '--format', 'json')
    expect(JSON.parse(out).rules.map(({ rule }: { rule: string }) => rule)).toEqual(['NEVER'])
    expect(exitCode).toBe(0)
  })

  test('names the rules there are when one is not', async () => {
    const { exitCode, err } = await replay('--rule', 'NEVR')
    expect({ exitCode, err }).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('RETRY_LIMIT_EXCEEDED, NEVER'),
    })
  })

  test('only judges traces that start within the range', async () => {
    const { out } = await replay('--from', `${FROM}T10:00Z`, '--to', `${FROM}T12:30Z`, '--format', 'json')
    const report: ReplayReport = JSON.parse(out)
    expect(report.traces).toBeLessThan(30)
    expect(report.traces).toBeGreaterThan(10)
  })

  test('says in a dry run how much there is, and reads no rule', async () => {
    const { exitCode, out } = await replay('--dry-run', '--rules', 'no-such.rules')
    expect(out).toMatch(
      /^2025-10-01T00:00:00.000Z to .*: 48 objects with \d\.\d MB, about [\d,]+ spans, under a second\n$/,
    )
    expect(exitCode).toBe(0)
  })

  test.each([
    [['--from', 'yesterday'], 'from is "yesterday", which is not a time'],
    [['--from', '2025-02-30'], 'from is "2025-02-30", which is not a time'],
    [['--from', TO], 'the range is empty'],
    [['--from', '2099-01-01', '--to', '2099-01-02'], 'in the future'],
    [['--from', '2020-01-01'], 'longer than 400 days'],
  ])('refuses the range %j before anything is read', async (args, message) => {
    const { exitCode, err } = await replay(...args)
    expect(exitCode).toBe(2)
    expect(err).toContain(message)
  })

  test('names a data folder that has no archive, which is not the same as finding nothing', async () => {
    const { exitCode, err } = await replay('--data', join(data, 'elsewhere'))
    expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining('has no archive') })
  })

  test('stopped by Ctrl-C says so, reports nothing, and exits with 130', async () => {
    const terminal = fakeTerminal()
    const run = runProgram(['replay', '--data', data, '--rules', rules, '--from', FROM, '--to', TO], terminal)
    terminal.ctrlC.abort()
    expect(await run).toBe(130)
    expect(terminal.stdout.text()).toBe('')
    expect(terminal.stderr.text()).toContain('stopped before the end')
  })

  test('names a damaged object, judges the rest, and exits with 2', async () => {
    const folder = archiveFolder(data)
    const hour = join(folder, 'spans', 'dt=2025-10-01', 'hour=05')
    const [name] = await readdir(hour)
    const path = join(hour, name ?? '')
    const bytes = await readFile(path)
    try {
      await writeFile(path, bytes.subarray(0, bytes.length / 2))
      const cut = await replay('--format', 'json')
      expect(JSON.parse(cut.out).failures).toEqual([
        { key: `spans/dt=2025-10-01/hour=05/${name}`, reason: expect.stringContaining('cut off') },
      ])
      expect(cut.exitCode).toBe(2)
      expect(JSON.parse(cut.out).traces).toBeGreaterThan(traces * 0.9)
      const damaged = Buffer.from(bytes)
      damaged.fill(0x55, 4, bytes.length / 2)
      await writeFile(path, damaged)
      expect(await replay('--format', 'json')).toMatchObject({
        exitCode: 2,
        err: expect.stringContaining('row group 1 of 1'),
      })
    } finally {
      await writeFile(path, bytes)
    }
  })

  test('names a folder and an empty file in the place of objects', async () => {
    const hour = join(archiveFolder(data), 'spans', 'dt=2025-10-01', 'hour=06')
    const [folder, file] = [`w-${'0'.repeat(32)}.parquet`, `w-${'1'.repeat(32)}.parquet`]
    await mkdir(join(hour, folder))
    await writeFile(join(hour, file), '')
    try {
      const { exitCode, err, out } = await replay('--format', 'json')
      expect(exitCode).toBe(2)
      expect(err).toContain(`spans/dt=2025-10-01/hour=06/${folder}: `)
      expect(err).toContain(`spans/dt=2025-10-01/hour=06/${file}: it has only 0 bytes`)
      expect(JSON.parse(out).rules[0].violated).toBe(12)
    } finally {
      await rm(join(hour, folder), { recursive: true })
      await rm(join(hour, file))
    }
  })
})
