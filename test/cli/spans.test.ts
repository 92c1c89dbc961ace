import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderStore } from '../../local/archive/folder-store.ts'
import { archiveFolder } from '../../local/archive/parquet-archive.ts'
import { CHARGE, runtimes, VALIDATION } from '../local/harness.ts'
import { newFolder } from '../local/sqlite/databases.ts'
import type { SpanSketch } from '../reference/traces.ts'
import { archive, chunkOf, recordOf, START_MS } from '../replay/archived.ts'
import { runInProcess } from './fake-terminal.ts'

const { newHome, now, pass, send, start, stop } = runtimes()

const RANGE = ['--from', '2025-10-15', '--to', '2025-10-16']
const spans = (dataFolder: string, ...args: readonly string[]) =>
  runInProcess(['spans', ...args, '--data', dataFolder, ...RANGE])

const TRACE = '1'.padStart(32, '0')
const OTHER = '2'.padStart(32, '0')

/** A data folder with a trace of each of these spans. */
async function folderOf(...sketches: readonly SpanSketch[]): Promise<string> {
  const data = join(newFolder(), 'data')
  const records = sketches.map((sketch, index) =>
    recordOf({ traceId: String(index + 1).padStart(32, '0'), spans: [sketch], atMs: START_MS }),
  )
  await archive(folderStore(archiveFolder(data)), records)
  return data
}

const PAYMENT: SpanSketch = {
  name: 'payment.charge',
  kind: 2,
  attributes: { amount: 5, currency: 'EUR' },
  resource: { 'service.name': 'payment' },
}
const CART: SpanSketch = { name: 'cart.validate', resource: { 'service.name': 'cart' } }

describe('betrace spans names', () => {
  test('lists names by how often they were seen, with service and kind', async () => {
    const data = await folderOf(CART, PAYMENT, PAYMENT)
    const { exitCode, out } = await spans(data, 'names')
    expect(out).toBe(
      '2  payment.charge  payment (server) · 2 attributes\n' +
        '1  cart.validate  cart (internal) · 0 attributes\n' +
        '2 span names in 1 hour from 2025-10-15T00:00:00.000Z to 2025-10-15T01:00:00.000Z\n',
    )
    expect(exitCode).toBe(0)
  })

  test('with a service only the names that it uses', async () => {
    const data = await folderOf(CART, PAYMENT)
    const { out } = await spans(data, 'names', '--service', 'cart', '--format', 'jsonl')
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        name: 'cart.validate',
        group: false,
        spans: 1,
        services: [{ service: 'cart', kind: 'internal', spans: 1 }],
        attributeCount: 0,
        events: [],
        more: false,
      },
    ])
    expect(await spans(data, 'names', '--service', 'nobody')).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/^0 span names/),
    })
  })

  test('says that names are grouped where an hour has more than 5,000', async () => {
    const data = join(newFolder(), 'data')
    const many = Array.from({ length: 5_001 }, (_, index) => ({ name: `GET /users/${index}`, id: index + 1 }))
    await archive(folderStore(archiveFolder(data)), [recordOf({ traceId: '1'.padStart(32, '0'), spans: many })])
    const { out } = await spans(data, 'names')
    expect(out).toMatch(/^5,001 {2}GET \/users\/\* .*\ntoo many names an hour: /)
    const { out: json } = await spans(data, 'names', '--format', 'json')
    expect(JSON.parse(json)).toMatchObject({ grouped: true, names: [{ name: 'GET /users/*', group: true }] })
    expect((await spans(data, 'attributes', 'GET /users/17')).exitCode).toBe(0)
  })

  test('finds what a server has not archived yet, and the same once it has', async () => {
    const home = newHome()
    const runtime = await start(home, {}, {}, true)
    const names = async () => {
      const range = ['--from', new Date(now() - 3_600_000).toISOString(), '--to', new Date(now()).toISOString()]
      return runInProcess(['spans', 'names', '--data', home.dataFolder, ...range])
    }
    await send(runtime, [CHARGE, VALIDATION])
    await pass(runtime, 5_000)
    const before = await names()
    expect(before.out).toContain('1  payment.charge  payments (unspecified) · 0 attributes\n')
    await stop(runtime)
    expect(await names()).toEqual(before)
  })

  test('names a file that cannot be read, and exits with 2', async () => {
    const data = await folderOf(CART)
    const folder = archiveFolder(data)
    const [file = ''] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet'))
    await writeFile(join(folder, file), 'damaged')
    const { exitCode, err } = await spans(data, 'names')
    expect([exitCode, err]).toEqual([2, expect.stringContaining(file)])
  })

  test.each([
    [['--data', '/does/not/exist'], 'the data folder /does/not/exist does not exist'],
    [['--from', 'yesterday'], 'from is "yesterday", which is not a time'],
    [['--data', '.', '--stack', 'x'], "option '-s, --stack <name>' cannot be used with option '-d, --data <folder>'"],
  ])('%j is one clear line and exit code 2', async (args, message) => {
    const { exitCode, err } = await runInProcess(['spans', 'names', ...args])
    expect([exitCode, err]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('betrace spans attributes', () => {
  test('lists keys with their types and values, and those of resources', async () => {
    const data = await folderOf(PAYMENT, { ...PAYMENT, attributes: { amount: 7.5 } })
    const { exitCode, out } = await spans(data, 'attributes', 'payment.charge')
    expect(out).toBe(
      'payment.charge  payment (server) · 2 attributes\n  2 spans\n' +
        '  2  amount    double|int  5  7.5\n' +
        '  1  currency  string      "EUR"\n\n' +
        'resources of all spans\n  2  service.name  string  "payment"\n\n' +
        '1 span name in 1 hour from 2025-10-15T00:00:00.000Z to 2025-10-15T01:00:00.000Z\n',
    )
    expect(exitCode).toBe(0)
  })

  test('of a pattern for each name that fits', async () => {
    const data = await folderOf(PAYMENT, CART, { name: 'payment.refund' })
    const { out } = await spans(data, 'attributes', 'payment.*', '--format', 'json')
    const { names } = JSON.parse(out) as { readonly names: readonly { readonly name: string }[] }
    expect(names.map(({ name }) => name)).toEqual(['payment.charge', 'payment.refund'])
  })

  test('of a name that is not there suggests one that is, and exits with 1', async () => {
    const data = await folderOf(PAYMENT)
    const { exitCode, err } = await spans(data, 'attributes', 'payment.chrage')
    expect([exitCode, err]).toEqual([1, 'no span is named payment.chrage; did you mean payment.charge?\n'])
  })

  test('shows no values of keys that the server redacts, before and after they are archived and merged', async () => {
    const home = newHome()
    const runtime = await start(home, { redact: ['user.*'] }, {}, true)
    const range = ['--from', new Date(now() - 3_600_000).toISOString(), '--to', new Date(now() + 60_000).toISOString()]
    const shown = async () => {
      const { out } = await runInProcess(['spans', 'attributes', '*', '--data', home.dataFolder, ...range])
      return [out.includes('alice'), /user\.email +string\n/.test(out), /amount +int +5/.test(out)]
    }
    const user = (traceId: string) => {
      const attributes = { 'user.email': 'alice@example.com', amount: 5n }
      const body = chunkOf(traceId, [{ name: 'a', attributes, startNanos: BigInt(now() - START_MS) * 1_000_000n }])
      const headers = { 'content-type': 'application/x-protobuf' }
      return fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(body) })
    }
    await user(TRACE)
    await pass(runtime, 5_000)
    expect(await shown()).toEqual([false, true, true])
    await pass(runtime, 20_000)
    await user(OTHER)
    await pass(runtime, 5_000)
    await stop(runtime)
    await runInProcess(['compact', '--data', home.dataFolder, ...range])
    expect(await shown()).toEqual([false, true, true])
    // What was not redacted before is, from the objects that are written next, by compaction too.
    await stop(await start(home, {}, {}, true))
    expect(await shown()).toEqual([false, true, true])
    await runInProcess(['forget', '--data', home.dataFolder, '--trace', OTHER, ...range])
    expect(await shown()).toEqual([true, false, true])
  })

  test('says that the list of redacted keys is damaged', async () => {
    const data = await folderOf(PAYMENT)
    await writeFile(join(archiveFolder(data), 'redacted-keys.json'), '["a"')
    const { exitCode, err } = await spans(data, 'attributes', 'payment.charge')
    expect([exitCode, err]).toEqual([2, expect.stringContaining('redacted-keys.json is damaged')])
  })

  test('shows nothing of a person who is forgotten', async () => {
    const data = await folderOf(PAYMENT, { ...PAYMENT, attributes: { 'enduser.id': '4711' } })
    expect((await spans(data, 'attributes', 'payment.charge')).out).toContain('"4711"')
    await runInProcess(['forget', '--data', data, '--where', 'enduser.id=4711'])
    const { out } = await spans(data, 'attributes', 'payment.charge')
    expect(out).not.toContain('4711')
    expect(out).toContain('  1  amount    int     5')
    const folder = archiveFolder(data)
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    for (const { parentPath, name } of files) {
      expect((await readFile(join(parentPath, name))).includes('4711')).toBe(false)
    }
    await rm(data, { recursive: true })
  })
})
