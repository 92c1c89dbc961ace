import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from './fake-terminal.ts'

let folder: string
let good: string
let bad: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-check-'))
  good = join(folder, 'good.rules')
  bad = join(folder, 'bad.rules')
  await writeFile(good, '// Signal: GOOD (low)\ntrace.has(a)\n')
  await writeFile(bad, '// Signal: BAD (high)\ntrace.has(a) && b\n\n// Signal: ALSO_GOOD (low)\na\n')
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
  })
  expect({ exitCode, err }).toEqual({ exitCode: 1, err: '' })
})

test('JSON of good rules lists no problems', async () => {
  const { exitCode, out } = await runInProcess(['check', good, '-f', 'json'])
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: '{"rules":1,"problems":[]}\n' })
})

test('a problem is shown with its place, its line and an instruction', async () => {
  const { exitCode, out } = await runInProcess(['check', bad])
  expect(exitCode).toBe(1)
  expect(out).toMatch(/bad\.rules:2:14 .*&&/)
  expect(out).toContain('2 | trace.has(a) && b\n  |              ^^\n  = write "and"\n\n')
  expect(out).toContain('✗ 2 rules in 1 file: 1 problem\n')
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
