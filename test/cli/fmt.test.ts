import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SHIPPED_RULES } from '../shipped-packs.ts'
import { runInProcess } from './fake-terminal.ts'

const GOOD = '// Signal: A (low)\na\n  and b\n'
const UNTIDY = '// Signal: A (low)\na   and b // why\n'
const TIDY = '// Signal: A (low)\na\n  and b // why\n'
const BROKEN = '// Signal: A (low)\na  &&  b\n'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-fmt-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

const read = (file: string) => readFile(file, 'utf8')

test('files are formatted in place, and those that change are named', async () => {
  const good = await put('good.rules', GOOD)
  const untidy = await put('untidy.rules', UNTIDY)
  expect(await runInProcess(['fmt', folder])).toEqual({
    exitCode: 0,
    out: `formatted: ${untidy}\n`,
    err: '✓ 2 files, 1 changed\n',
  })
  expect([await read(good), await read(untidy)]).toEqual([GOOD, TIDY])
  expect(await runInProcess(['fmt', folder])).toEqual({ exitCode: 0, out: '', err: '✓ 2 files, all formatted\n' })
})

test('--check changes nothing, names what would change, and the exit code is 1', async () => {
  await put('good.rules', GOOD)
  const untidy = await put('untidy.rules', UNTIDY)
  expect(await runInProcess(['fmt', '--check', folder])).toEqual({
    exitCode: 1,
    out: `not formatted: ${untidy}\n`,
    err: '✗ 2 files, 1 not formatted\n',
  })
  expect(await read(untidy)).toBe(UNTIDY)
})

test('a file with a problem is left alone and its problem shown, the others are formatted, and the exit code is 2', async () => {
  const broken = await put('broken.rules', BROKEN)
  const untidy = await put('untidy.rules', UNTIDY)
  const { exitCode, err } = await runInProcess(['fmt', folder])
  expect(exitCode).toBe(2)
  expect(err).toContain(`${broken}:2:4`)
  expect(err).toContain('2 files, 1 changed, 1 with problems left unchanged')
  expect([await read(broken), await read(untidy)]).toEqual([BROKEN, TIDY])
})

test('of more than 1,000 problems the first are shown, and the others counted', async () => {
  const broken = Array.from({ length: 1100 }, (_, index) => BROKEN.replace('A', `A${index}`)).join('')
  const { exitCode, err } = await runInProcess(['fmt', await put('broken.rules', broken)])
  expect([exitCode, err.match(/wrong-operator/g)?.length]).toEqual([2, 1000])
  expect(err).toContain('and 100 more problems in 1 file')
})

test('- formats standard input to standard output', async () => {
  expect(await runInProcess(['fmt', '-'], UNTIDY)).toEqual({ exitCode: 0, out: TIDY, err: '' })
  expect(await runInProcess(['fmt', '-', '--check'], UNTIDY)).toEqual({ exitCode: 1, out: '', err: '' })
  const { exitCode, out, err } = await runInProcess(['fmt', '-'], BROKEN)
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
  expect(err).toContain('<stdin>:2:4')
})

test('a file keeps its permissions', async () => {
  const untidy = await put('untidy.rules', UNTIDY)
  await chmod(untidy, 0o640)
  await runInProcess(['fmt', untidy])
  expect((await stat(untidy)).mode & 0o777).toBe(0o640)
})

test('the rules that ship are formatted', async () => {
  const { exitCode, out } = await runInProcess(['fmt', '--check', ...SHIPPED_RULES])
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: '' })
})
