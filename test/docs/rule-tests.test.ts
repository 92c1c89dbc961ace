import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from '../cli/fake-terminal.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-docs-'))
  const page = await readFile(new URL('../../docs/rule-tests.md', import.meta.url), 'utf8')
  const block = (language: string) => page.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''
  await writeFile(join(folder, 'payments.rules'), block('rules'))
  await writeFile(join(folder, 'payments.test.yaml'), block('yaml'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('the example of the page passes with every clause covered, and its rules are formatted', async () => {
  const { exitCode, out } = await runInProcess(['test', '--require-coverage', folder])
  expect(out).toContain('✓ 5 tests passed, 4 of 4 clauses covered')
  expect(exitCode).toBe(0)
  expect((await runInProcess(['fmt', '--check', folder])).exitCode).toBe(0)
})
