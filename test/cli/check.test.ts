import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderStore } from '../../local/archive/folder-store.ts'
import { archiveFolder } from '../../local/archive/parquet-archive.ts'
import { archive, HOUR_MS, recordOf, START_MS } from '../replay/archived.ts'
import { runInProcess } from './fake-terminal.ts'

let folder: string
let good: string
let bad: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-check-'))
  good = join(folder, 'good.rules')
  bad = join(folder, 'bad.rules')
  await writeFile(good, '// Signal: GOOD (low)\ntrace.has(a)\n')
  await writeFile(bad, '// Signal: BAD (high)\ntrace.has(a) && b\n\n// Signal: ALSO_GOOD (low)\nc\n')
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('good rules are counted and the exit code is 0', async () => {
  expect(await runInProcess(['check', good])).toEqual({
    exitCode: 0,
    out: '✓ 1 rule in 1 file: no problems\n',
    err: '',
  })
})

test('the problems of a folder are listed as JSON with their place and an instruction, and the exit code is 1', async () => {
  const { exitCode, out, err } = await runInProcess(['check', '--format', 'json', folder])
  expect(JSON.parse(out)).toEqual({
    rules: 3,
    problems: [
      {
        file: bad,
        line: 2,
        column: 14,
        code: 'wrong-operator',
        message: expect.stringContaining('&&'),
        hint: 'write "and"',
      },
    ],
    warnings: [],
    problemCount: 1,
    warningCount: 0,
  })
  expect({ exitCode, err }).toEqual({ exitCode: 1, err: '' })
})

test('JSON of good rules lists no problems', async () => {
  const { exitCode, out } = await runInProcess(['check', good, '-f', 'json'])
  expect({ exitCode, out }).toEqual({
    exitCode: 0,
    out: '{"rules":1,"problems":[],"warnings":[],"problemCount":0,"warningCount":0}\n',
  })
})

test('a problem is shown with its place, its line and an instruction', async () => {
  const { exitCode, out } = await runInProcess(['check', bad])
  expect(exitCode).toBe(1)
  expect(out).toMatch(/bad\.rules:2:14 .*&&/)
  expect(out).toContain('2 | trace.has(a) && b\n  |              ^^\n  = write "and"\n\n')
  expect(out).toContain('✗ 2 rules in 1 file: 1 problem\n')
})

const doubtful = '// Signal: D (low)\na.where(currency == USD or EUR)\n'

test('a warning is shown as a problem is, and the exit code stays 0 unless --strict is given', async () => {
  const file = join(folder, 'doubtful.rules')
  await writeFile(file, doubtful)
  const { exitCode, out, err } = await runInProcess(['check', file])
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  expect(out).toMatch(/doubtful\.rules:2:28 {2}warning stray-value {2}"or EUR" asks/)
  expect(out).toContain(
    '2 | a.where(currency == USD or EUR)\n  |                            ^^^\n  = write currency in',
  )
  expect(out).toContain('✓ 1 rule in 1 file: no problems, 1 warning\n')
  expect((await runInProcess(['check', '--strict', file])).exitCode).toBe(1)
  expect((await runInProcess(['check', '--strict', good])).exitCode).toBe(0)
  await rm(file)
})

test('JSON lists warnings with the fields of problems', async () => {
  const file = join(folder, 'doubtful.rules')
  await writeFile(file, doubtful)
  const { exitCode, out } = await runInProcess(['check', '--format', 'json', file])
  await rm(file)
  expect(exitCode).toBe(0)
  expect(JSON.parse(out)).toEqual({
    rules: 1,
    problems: [],
    warnings: [
      {
        file,
        line: 2,
        column: 28,
        code: 'stray-value',
        message: '"or EUR" asks whether the attribute EUR is true',
        hint: 'write currency in [USD, EUR], or EUR == true if that is meant',
      },
    ],
    problemCount: 0,
    warningCount: 1,
  })
})

describe('of more than 1,000 problems or warnings', () => {
  const bad = (count: number) =>
    Array.from({ length: count }, (_, index) => `// Signal: B${index} (low)\na && b\n`).join('')
  const packed = (count: number) =>
    `rules:\n${Array.from({ length: count }, (_, index) => `  - {id: P${index}, severity: low, condition: a && b}\n`).join('')}`
  const doubted = (count: number) =>
    Array.from({ length: count }, (_, index) => `// Signal: D${index} (low)\na${index}.where(x == USD or EUR)\n`).join(
      '',
    )
  let many: string

  beforeAll(async () => {
    many = await mkdtemp(join(folder, 'many-'))
    await writeFile(join(many, 'a.rules'), bad(900))
    await writeFile(join(many, 'b.yaml'), packed(300))
    await writeFile(join(many, 'c.rules'), bad(1).replace('B0', 'LAST'))
    await writeFile(join(many, 'd.rules'), doubted(1200))
  })

  afterAll(async () => {
    await rm(many, { recursive: true })
  })

  test('the first are shown, and how many more there are in how many files', async () => {
    const { exitCode, out } = await runInProcess(['check', many])
    expect(exitCode).toBe(1)
    expect(out.match(/ wrong-operator /g)).toHaveLength(1000)
    expect(out.match(/ warning stray-value /g)).toHaveLength(1000)
    expect(out).toContain('\n\nand 201 more problems in 2 files\n\n')
    expect(out).toContain('\n\nand 200 more warnings in 1 file\n\n')
    expect(out).toMatch(/✗ 2,401 rules in 4 files: 1,201 problems, 1,200 warnings\n$/)
  })

  test('JSON lists the first, and counts all', async () => {
    const { problems, warnings, ...counts } = JSON.parse((await runInProcess(['check', '-f', 'json', many])).out)
    expect([problems.length, warnings.length]).toEqual([1000, 1000])
    expect(counts).toEqual({ rules: 2401, problemCount: 1201, warningCount: 1200 })
  })

  test('those of one pack alone are counted as well', async () => {
    const file = join(folder, 'large.yaml')
    await writeFile(file, packed(1500))
    const { out } = await runInProcess(['check', file])
    await rm(file)
    expect(out).toContain('and 500 more problems in 1 file')
    expect(out).toContain('✗ 1,500 rules in 1 file: 1,500 problems')
  })
})

describe('--against', () => {
  const request = (...names: readonly string[]) =>
    JSON.stringify({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: names.map((name, index) => ({
                traceId: 'a'.repeat(32),
                spanId: `${index + 1}`.padStart(16, '0'),
                name,
                startTimeUnixNano: '1',
                endTimeUnixNano: '2',
                attributes: [{ key: 'amount', value: { intValue: '1' } }],
              })),
            },
          ],
        },
      ],
    })
  const check = async (text: string, ...samples: readonly string[]) => {
    const file = join(folder, 'against.rules')
    const traces = samples.map((_, index) => join(folder, `sample-${index}.jsonl`))
    await writeFile(file, `// Signal: A (low)\n${text}\n`)
    for (const [index, path] of traces.entries()) await writeFile(path, samples[index] ?? '')
    const given = traces.flatMap((path) => ['--against', path])
    const { exitCode, out, err } = await runInProcess(['check', '--format', 'json', file, ...given])
    await rm(file)
    const warnings = out === '' ? [] : (JSON.parse(out).warnings as { code: string; column: number; hint: string }[])
    return { exitCode, err, warnings: warnings.map(({ code, column, hint }) => [code, column, hint]) }
  }

  test('span names that no trace of the sample has are warned of, with the one that is meant', async () => {
    expect(await check('cart.valdate and trace.has(http.*)', request('cart.validate', 'http.get'))).toEqual({
      exitCode: 0,
      err: '',
      warnings: [['unknown-span-name', 1, 'did you mean "cart.validate"?']],
    })
    const { warnings } = await check('cart.validate and trace.has(grpc.*) and refund', request('cart.validate'))
    expect(warnings).toEqual([
      ['unknown-span-name', 29, 'check the name, or take a sample that holds such spans'],
      ['unknown-span-name', 41, 'check the name, or take a sample that holds such spans'],
    ])
  })

  test('an attribute that is spelled nearly as one of the spans of that name is warned of', async () => {
    const { warnings } = await check('charge.where(amuont > 5 and refunded and amount < 9)', request('charge'))
    expect(warnings).toEqual([['unknown-attribute', 14, 'did you mean amount?']])
  })

  test('an attribute that the spans carry under another of its names is not warned of', async () => {
    const sample = request('x').replace('amount', 'http.status_code')
    const warned = async (key: string) => (await check(`x.where(${key} == 500)`, sample)).warnings
    expect(await warned('http.response.status_code')).toEqual([])
    expect(await warned('http.statuscode')).toEqual([['unknown-attribute', 9, 'did you mean http.status_code?']])
  })

  test('several files are one sample', async () => {
    expect((await check('charge and refund', request('charge'), request('refund'))).warnings).toEqual([])
  })

  test('a data folder is the sample of its last day, which stderr names', async () => {
    const data = join(folder, 'data')
    const file = join(folder, 'bound.rules')
    await writeFile(file, '// Signal: A (low)\nwhen { charge as c } always { c.amuont < 5 and c.currency > 5 }\n')
    const records = [START_MS - 30 * HOUR_MS, START_MS - 2 * HOUR_MS, START_MS].map((atMs, index) =>
      recordOf({
        traceId: `${index}`.repeat(32),
        spans: [{ name: index === 0 ? 'old' : 'charge', attributes: { amount: 1, currency: 'EUR' } }],
        atMs,
      }),
    )
    await archive(folderStore(archiveFolder(data)), records)
    const { exitCode, out, err } = await runInProcess(['check', '--format', 'json', file, '--against', data])
    expect(err).toBe(
      `the sample is 2 spans of 1 name, archived in ${data} in 2 hours since ${new Date(START_MS - 2 * HOUR_MS).toISOString()}\n`,
    )
    expect(JSON.parse(out).warnings).toMatchObject([
      { code: 'unknown-attribute', hint: 'did you mean amount?' },
      { code: 'attribute-type', hint: 'write num(c.currency) > 5' },
    ])
    expect(exitCode).toBe(0)
    const [object = ''] = (await folderStore(archiveFolder(data)).list('spans/')).slice(-1).map(({ key }) => key)
    await writeFile(join(archiveFolder(data), object), 'damaged')
    expect(await runInProcess(['check', file, '--against', data])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('the sample could not be read whole'),
    })
    expect(await runInProcess(['check', file, '--against', folder])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('the sample holds no spans'),
    })
    await rm(file)
  })

  test('a sample that cannot be read, or holds no spans, is one clear line and exit code 2', async () => {
    expect(await check('charge', '{')).toMatchObject({ exitCode: 2, err: expect.stringContaining('read whole') })
    expect(await check('charge', '{"resourceSpans":[]}')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('the sample holds no spans'),
    })
  })
})

test.each([
  ['a path that does not exist', ['check', '/does/not/exist'], 'betrace: no such file or folder: /does/not/exist\n'],
  ['no path', ['check'], "betrace: missing required argument 'path'"],
  [
    'an unknown option',
    ['check', '--formta', 'json', '.'],
    "betrace: unknown option '--formta'; did you mean --format?",
  ],
  ['an unknown format', ['check', '--format', 'xml', '.'], 'Allowed choices are pretty, json.'],
])('%s is one clear line and exit code 2', async (_what, args, message) => {
  const { exitCode, out, err } = await runInProcess(args)
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
  expect(err).toContain(message)
  expect(err).not.toContain('    at ')
})
