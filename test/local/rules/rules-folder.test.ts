import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRulesFolder } from '../../../local/rules/rules-folder.ts'

test('a folder yields its rule files at any depth by name; files of rule tests and others are passed over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-rules-folder-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const name of ['b.rules', 'a/c.yaml', 'a/c.test.yaml', 'a/notes.md', '.git/d.rules', 'node_modules/e.rules']) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), name)
  }
  const { files, unreadable } = await readRulesFolder([folder, join(folder, 'missing')])
  expect(files.map(({ text }) => text)).toEqual(['a/c.yaml', 'b.rules'])
  expect(unreadable).toMatchObject([{ file: join(folder, 'missing'), reason: 'it does not exist', isKept: false }])
})
