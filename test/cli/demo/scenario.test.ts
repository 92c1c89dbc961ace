import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { runInProcess } from '../fake-terminal.ts'

/** The table of verdicts, and the last line. */
async function play(...args: readonly string[]) {
  const { exitCode, out, err } = await runInProcess(['demo', '--scenario', ...args])
  const lines = out.split('\n').filter((line) => line !== '')
  const from = lines.findIndex((line) => /^ {2}verdict/.test(line))
  const rows = lines.slice(from).filter((line) => /^ {2}(verdict|HELD|VIOLATED|NOT EXERCISED)/.test(line))
  return { exitCode, err, table: `\n${rows.join('\n')}\n${lines.at(-1)}`, out }
}

describe('a chaos experiment on the shop', () => {
  test('circuit breaker, healthy', async () => {
    expect(await play('circuit-breaker')).toMatchObject({
      exitCode: 0,
      err: '',
      table: `
  verdict  rule                         exercised  violated  before
  HELD     CIRCUIT_BREAKER_NOT_OPENED           3         0       -
  HELD     REQUEST_DURING_OPEN_CIRCUIT         20         0       -
0 signals: invariants held`,
    })
  })

  test('circuit breaker, broken', async () => {
    expect(await play('circuit-breaker', '--broken')).toMatchObject({
      exitCode: 1,
      table: `
  verdict        rule                         exercised  violated  before
  VIOLATED       CIRCUIT_BREAKER_NOT_OPENED          20        20       -  new
  NOT EXERCISED  REQUEST_DURING_OPEN_CIRCUIT          0         0       -
20 signals: CIRCUIT_BREAKER_NOT_OPENED broke`,
      out: expect.stringContaining('error_count=5'),
    })
  })

  test('database failover, healthy', async () => {
    expect(await play('database-failover')).toMatchObject({
      exitCode: 0,
      table: `
  verdict  rule                       exercised  violated  before
  HELD     DATA_LOSS_DETECTED                 3         0       -
  HELD     WRITE_TO_REPLICA_DETECTED          3         0       -
0 signals: invariants held`,
    })
  })

  test('database failover, broken', async () => {
    expect(await play('database-failover', '--broken')).toMatchObject({
      exitCode: 1,
      table: `
  verdict   rule                       exercised  violated  before
  VIOLATED  DATA_LOSS_DETECTED                 3         3       -  new
  VIOLATED  WRITE_TO_REPLICA_DETECTED          3         3       -  new
6 signals: DATA_LOSS_DETECTED, WRITE_TO_REPLICA_DETECTED broke`,
      out: expect.stringContaining('data.lost=1'),
    })
  })

  test('retry logic, healthy', async () => {
    expect(await play('retry-logic')).toMatchObject({
      exitCode: 0,
      table: `
  verdict  rule                    exercised  violated   before
  HELD     RETRY_LIMIT_EXCEEDED           24         0  0 of 24
  HELD     BACKOFF_TOO_AGGRESSIVE         14         0        -
0 signals: invariants held`,
    })
  })

  test('retry logic, broken', async () => {
    expect(await play('retry-logic', '--broken')).toMatchObject({
      exitCode: 1,
      table: `
  verdict   rule                    exercised  violated   before
  VIOLATED  RETRY_LIMIT_EXCEEDED           24         3  0 of 24  new
  VIOLATED  BACKOFF_TOO_AGGRESSIVE         12        12        -  new
15 signals: RETRY_LIMIT_EXCEEDED, BACKOFF_TOO_AGGRESSIVE broke`,
      out: expect.stringContaining('retries=5'),
    })
  })

  test('multi-region failover, healthy', async () => {
    expect(await play('multi-region')).toMatchObject({
      exitCode: 0,
      table: `
  verdict  rule                              exercised  violated  before
  HELD     DROPPED_REQUESTS_DURING_FAILOVER          3         0       -
  HELD     CROSS_REGION_DATA_ACCESS                 24         0       -
0 signals: invariants held`,
    })
  })

  test('multi-region failover, broken', async () => {
    expect(await play('multi-region', '--broken')).toMatchObject({
      exitCode: 1,
      table: `
  verdict   rule                              exercised  violated  before
  VIOLATED  DROPPED_REQUESTS_DURING_FAILOVER          3         3       -  new
  VIOLATED  CROSS_REGION_DATA_ACCESS                 21        21       -  new
24 signals: DROPPED_REQUESTS_DURING_FAILOVER, CROSS_REGION_DATA_ACCESS broke`,
      out: expect.stringContaining('request.dropped=1'),
    })
  })

  test('leaves nothing behind', async () => {
    const folders = (await readdir(tmpdir())).filter((name) => name.startsWith('betrace-scenario-'))
    expect(folders.filter((name) => existsSync(name))).toEqual([])
  })
})

test.each([
  [['demo', '--broken'], 'belongs to a scenario'],
  [['demo', '--scenario', 'earthquake'], 'circuit-breaker'],
])('%s is bad input', async (args, message) => {
  expect(await runInProcess(args)).toMatchObject({ exitCode: 2, err: expect.stringContaining(message) })
})
