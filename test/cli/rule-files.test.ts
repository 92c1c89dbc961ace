import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRuleFiles } from '../../cli/rule-files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-rule-files-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
  return path
}

test('a folder yields its rule files at any depth by name, and nothing else', async () => {
  await put('b.rules', 'b')
  await put('a/deep/c.yaml', 'c')
  await put('a/d.yml', 'd')
  await put('notes.md', 'no')
  await put('.hidden/e.rules', 'no')
  await put('node_modules/x/f.rules', 'no')
  const files = await readRuleFiles([folder])
  expect(files.map(({ file, text }) => [file.slice(folder.length + 1), text])).toEqual([
    ['a/d.yml', 'd'],
    ['a/deep/c.yaml', 'c'],
    ['b.rules', 'b'],
  ])
})

test('a file named outright is read whatever it is called', async () => {
  const path = await put('rules.txt', 'text')
  expect(await readRuleFiles([path])).toEqual([{ file: path, text: 'text' }])
})

test('files of rule tests are passed over, also where they are named', async () => {
  const rules = await put('a.rules', 'a')
  const tests = await put('a.test.yaml', 'tests: []')
  await put('b.test.yml', 'tests: []')
  expect((await readRuleFiles([folder, tests])).map(({ file }) => file)).toEqual([rules])
  await expect(readRuleFiles([tests])).rejects.toMatchObject({ hint: 'run them with betrace test' })
})

test('a file named twice is read once', async () => {
  const path = await put('a.rules', 'a')
  expect(await readRuleFiles([path, folder, path])).toHaveLength(1)
})

test('links are followed, also in a circle', async () => {
  await put('..data/a.rules', 'a')
  await symlink(join(folder, '..data', 'a.rules'), join(folder, 'a.rules'))
  await symlink(folder, join(folder, 'circle'))
  expect((await readRuleFiles([folder])).map((file) => file.text)).toEqual(['a'])
})

test.each([
  ['a path that does not exist', () => join(folder, 'missing.rules'), /^no such file or folder: .*missing\.rules$/],
  ['a folder without rules', () => folder, /^no rule files in /],
])('%s is refused by name', async (_what, path, message) => {
  await expect(readRuleFiles([path()])).rejects.toThrow(message)
})

test('a file that is not UTF-8 is refused', async () => {
  const path = await put('a.rules', new Uint8Array([0xff, 0xfe, 0x00]))
  await expect(readRuleFiles([path])).rejects.toThrow('a.rules: it is not UTF-8 text')
})
