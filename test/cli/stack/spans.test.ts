import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LocalStack, START_MS, startLocalStack } from '../../emulators/local-stack.ts'
import { newFolder } from '../../local/sqlite/databases.ts'
import { tracesData } from '../../pipeline/traces.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const account = deployed()
let stack: LocalStack
beforeEach(async () => {
  stack = await startLocalStack({ rules: '// Signal: CHARGED (high)\ntrace.has(payment.charge)\n' })
})
afterEach(() => stack.stop())

const iso = (ms: number) => new Date(ms).toISOString()
const RANGE = ['--from', iso(START_MS - 3_600_000), '--to', iso(START_MS + 3_600_000)]
const spans = (...args: readonly string[]) =>
  runInProcess(['spans', ...args, '--stack', 'betrace-main', ...RANGE, '--format', 'jsonl'])

test('the spans that a deployed stack archived are listed by name, and their attributes', async () => {
  await stack.send(tracesData([{ name: 'payment.charge', id: 1, startMs: START_MS - 100, endMs: START_MS }]))
  await stack.settle()
  const names = await spans('names')
  expect(
    names.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { name: 'payment.charge', spans: 1, services: [{ service: 'shop', kind: 'unspecified', spans: 1 }] },
  ])
  const { exitCode, out } = await spans('attributes', 'payment.charge')
  expect(JSON.parse(out)).toEqual({
    key: 'service.name',
    from: 'resource',
    spans: 1,
    types: ['string'],
    examples: ['"shop"'],
  })
  expect([names.exitCode, exitCode]).toEqual([0, 0])
})

test('no values are shown of the keys that the stack redacts', async () => {
  account.set({ redactedKeys: '["service.*"]' })
  await stack.send(tracesData([{ name: 'payment.charge', id: 1, startMs: START_MS - 100, endMs: START_MS }]))
  await stack.settle()
  const { out } = await spans('attributes', 'payment.charge')
  expect(JSON.parse(out)).toMatchObject({ key: 'service.name', spans: 1, examples: [] })
})

test('rules are held against what a deployed stack archived', async () => {
  await stack.send(tracesData([{ name: 'payment.charge', id: 1, startMs: START_MS - 100, endMs: START_MS }]))
  await stack.settle()
  const file = join(newFolder(), 'a.rules')
  await writeFile(file, '// Signal: A (low)\ntrace.has(payment.chrage)\n')
  const { exitCode, out, err } = await runInProcess(['check', file, '--stack', 'betrace-main', '--format', 'json'])
  expect(err).toContain('the sample is 1 span of 1 name, archived in betrace-main in 1 hour since')
  expect(JSON.parse(out).warnings).toMatchObject([
    { code: 'unknown-span-name', hint: 'did you mean "payment.charge"?' },
  ])
  expect(exitCode).toBe(0)
})
