import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startLambdaEndpoint } from '../../emulators/lambda-endpoint.ts'
import { CONTEXT, type LocalStack, startLocalStack } from '../../emulators/local-stack.ts'
import { type ReplayStack, startReplayStack } from '../../emulators/replay-stack.ts'
import { archive, HOUR_MS, recordOf } from '../../replay/archived.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const RULES = '// Signal: IN_FORCE (high)\ntrace.has(payment.charge)\n// Signal: NEVER (low)\ntrace.has(no.such.span)\n'
deployed()
let folder: string
let stack: LocalStack
let replay: ReplayStack
let endpoint: Awaited<ReturnType<typeof startLambdaEndpoint>>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-replay-stack-'))
  stack = await startLocalStack({ rules: RULES })
  replay = await startReplayStack(stack.s3, CONTEXT)
  endpoint = await startLambdaEndpoint({ replay: (event) => replay.invoke(event) })
})
afterEach(async () => {
  endpoint.stop()
  replay.stop()
  await stack.stop()
  await rm(folder, { recursive: true })
})

const DAY_MS = Date.parse('2026-01-30')
const archiveTraces = (count: number) =>
  archive(
    stack.archive,
    Array.from({ length: count }, (_, n) => {
      const spans = [{ name: 'payment.charge', id: 1, attributes: { amount: n } }]
      return recordOf({ traceId: (n + 1).toString(16).padStart(32, '0'), spans, atMs: DAY_MS + n * HOUR_MS })
    }),
  )
/** So much that a state machine has to do it. */
const archiveMuch = async () => {
  for (const digit of '123456') {
    const key = `spans/dt=2026-01-30/hour=09/w-${digit.repeat(32)}.parquet`
    await stack.archive.put(key, Buffer.alloc(9 * 1024 * 1024))
  }
}
const onStack = (...args: readonly string[]) =>
  runInProcess(['replay', '--stack', 'betrace-main', '--from', '2026-01-30', '--to', '2026-01-31', ...args])

describe('betrace replay --stack', () => {
  test('reports what the rules in force find, as it does locally', async () => {
    await archiveTraces(4)
    const { exitCode, out, err } = await onStack()
    expect(out).toContain('HIGH IN_FORCE: 4 violations (100.00 %) in 4 traces')
    expect(out).toContain('… and 1 more')
    expect(err).toMatch(/^4 violations: 2 rules on 4 traces, 4 spans \(.* read, archived through 2026-01-30T03/)
    expect(err).toMatch(/report: s3:\/\/archive\/replays\/.*\/report.json/)
    expect(exitCode).toBe(1)
    expect((await onStack('--rule', 'NEVER')).exitCode).toBe(0)
  })

  test('judges by rules that it brings', async () => {
    await archiveTraces(4)
    const path = join(folder, 'mine.rules')
    await writeFile(path, '// Signal: MINE (low)\ntrace.has(payment.charge).where(amount >= 2)\n')
    const { exitCode, out } = await onStack('--rules', path, '--format', 'jsonl')
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).signal)).toEqual(['MINE', 'MINE'])
    expect(exitCode).toBe(1)
  })

  test('follows a large one to its end, and names what could not be read', async () => {
    await archiveTraces(4)
    await archiveMuch()
    const { exitCode, out, err } = await onStack('--format', 'json')
    expect(JSON.parse(out)).toMatchObject({ traces: 4, rules: [{ violated: 4 }, { violated: 0 }] })
    expect(err.match(/hour=09\/w-.*parquet: /g)).toHaveLength(6)
    expect(exitCode).toBe(2)
    const [run = ''] = /\d{8}T\d{6}Z-[0-9a-f]{8}/.exec(err) ?? []
    const again = await runInProcess(['replay', '--stack', 'betrace-main', '--run', run, '--format', 'json'])
    expect(JSON.parse(again.out)).toEqual(JSON.parse(out))
  })

  test('says how large it would be', async () => {
    await archiveTraces(2)
    const { exitCode, out } = await onStack('--dry-run')
    expect(out).toMatch(/^2026-01-30T00:00:00.000Z to 2026-01-31T00:00:00.000Z: 2 objects with .* MB, about/)
    expect(exitCode).toBe(0)
  })

  test('sends signals where it is asked to', async () => {
    await archiveTraces(2)
    await onStack('--publish')
    expect(stack.published().map(({ mode, data }) => [mode, data.signal])).toEqual([
      ['replay', 'IN_FORCE'],
      ['replay', 'IN_FORCE'],
    ])
  })

  test('shows what is wrong with rules that it brings, a range, or a name', async () => {
    const path = join(folder, 'bad.rules')
    await writeFile(path, '// Signal: BAD (low)\ntrace.has(a) &&\n')
    const bad = await onStack('--rules', path)
    expect([bad.exitCode, bad.err]).toEqual([2, expect.stringContaining('bad.rules:2')])
    const name = await onStack('--rule', 'NOPE')
    expect([name.exitCode, name.err]).toEqual([2, expect.stringContaining('no rule in force is named NOPE')])
    const range = await runInProcess(['replay', '--stack', 'betrace-main', '--from', '2026-02-01', '--to', '-9d'])
    expect([range.exitCode, range.err]).toEqual([2, expect.stringContaining('the range is empty')])
    const none = await runInProcess(['replay', '--stack', 'betrace-main'])
    expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining('--from')])
  })

  test('says that a replay failed, and why', async () => {
    await archiveMuch()
    replay.beforeStep = (step) => {
      if (step === 'plan') throw new Error('no plan today')
    }
    const { exitCode, err } = await onStack()
    expect([exitCode, err]).toEqual([2, expect.stringContaining('the replay failed: Error: no plan today')])
  })
})
