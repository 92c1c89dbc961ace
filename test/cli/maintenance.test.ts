import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { archiveTraffic } from '../../cli/demo/replay/archive-traffic.ts'
import { folderStore } from '../../local/archive/folder-store.ts'
import { archiveFolder } from '../../local/archive/parquet-archive.ts'
import { openDataFolder } from '../../local/files/data-folder.ts'
import type { ReplayReport } from '../../shared/replay/report.ts'
import { runInProcess } from './fake-terminal.ts'

const HOUR_MS = 3_600_000
/** Yesterday at noon: how much traffic there is depends on the time of day. */
const fromMs = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 12 * HOUR_MS

let data: string
let rules: string

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'betrace-maintenance-'))
  rules = join(data, 'retries.rules')
  await writeFile(rules, '// Signal: RETRIES (high)\ntrace.has(api.request).where(retries > 3)\n')
})

afterEach(() => rm(data, { recursive: true }))

const archive = (seed: number) => {
  return archiveTraffic(archiveFolder(data), { fromMs, hours: 2, tracesAnHour: 20, violations: 3, seed })
}

const files = async () => (await folderStore(archiveFolder(data)).list('spans/')).map(({ key }) => key)

async function replay(): Promise<ReplayReport> {
  const { out } = await runInProcess(['replay', '--data', data, '-r', rules, '--from', '-2d', '--format', 'json'])
  return JSON.parse(out)
}

describe('betrace compact', () => {
  test('merges the files of each hour, and a replay finds the same', async () => {
    await archive(1)
    await archive(2)
    const before = await replay()
    const { exitCode, out } = await runInProcess(['compact', '--data', data])
    expect({ exitCode, out }).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^4 files \(.*\) merged into 2 /),
    })
    const after = await replay()
    expect(after.rules).toEqual(before.rules)
    expect(after.objects).toMatchObject({ scanned: 2, replaced: 4 })
    expect((await runInProcess(['compact', '--data', data])).out).toMatch(/^0 files/)
  })

  test('names a file it cannot read, and exits with 2', async () => {
    await archive(1)
    await archive(2)
    const [key] = await files()
    await writeFile(join(archiveFolder(data), key ?? ''), 'damaged')
    const { exitCode, err } = await runInProcess(['compact', '--data', data])
    expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining(key ?? 'no key') })
  })
})

describe('betrace forget', () => {
  async function userOf(traceId: string) {
    const { out } = await runInProcess(['replay', '-d', data, '-r', rules, '--from', '-2d', '--format', 'jsonl'])
    return out.includes(traceId)
  }

  test('removes one trace from the files, and says so', async () => {
    const { violating } = await archive(1)
    await runInProcess(['compact', '--data', data])
    const [traceId = ''] = violating
    const dry = await runInProcess(['forget', '-d', data, '--trace', traceId.toUpperCase(), '--dry-run'])
    expect(dry.out).toMatch(new RegExp(`^${traceId}\n1 trace with 10 archived spans in 2 hours would be removed\n$`))
    expect(await userOf(traceId)).toBe(true)
    const { exitCode, out } = await runInProcess(['forget', '-d', data, '--trace', traceId])
    expect(exitCode).toBe(0)
    expect(out).toMatch(/1 trace with 10 archived spans in 2 hours removed: 1 file rewritten, 0 deleted/)
    expect(await userOf(traceId)).toBe(false)
    expect((await replay()).rules[0]?.violated).toBe(violating.size - 1)
  })

  test('removes every trace of a person, from merged files and those they came from', async () => {
    await archive(1)
    await archive(2)
    await runInProcess(['compact', '--data', data])
    const before = await replay()
    const { out } = await runInProcess(['forget', '-d', data, '--where', 'cart.items=3'])
    const removed = out.split('\n').filter((line) => /^[0-9a-f]{32}$/.test(line))
    expect(removed.length).toBeGreaterThan(0)
    expect((await replay()).traces).toBe(before.traces - removed.length)
    const contents = await Promise.all((await files()).map((key) => readFile(join(archiveFolder(data), key))))
    for (const id of removed) for (const bytes of contents) expect(bytes.includes(Buffer.from(id, 'hex'))).toBe(false)
    expect((await runInProcess(['forget', '-d', data, '--where', 'cart.items=3'])).out).toMatch(/^0 traces/)
  })

  test('refuses a data folder that is not there, and makes none', async () => {
    const elsewhere = join(data, 'elsewhere')
    for (const command of [['forget', '--where', 'a=b'], ['compact']]) {
      const { exitCode, err } = await runInProcess([...command, '-d', elsewhere])
      expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining('elsewhere') })
    }
    expect(await readdir(data)).not.toContain('elsewhere')
  })

  test('leaves an archive without files where nothing else was in them', async () => {
    await archive(1)
    await runInProcess(['forget', '-d', data, '--where', 'deployment.environment.name=production'])
    expect(await files()).toEqual([])
    expect(await replay()).toMatchObject({ traces: 0, archivedThrough: null })
  })

  test('asks to stop the server first', async () => {
    const lock = openDataFolder(data)
    const { exitCode, err } = await runInProcess(['forget', '-d', data, '--where', 'a=b'])
    lock.unlock()
    expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining('in use by another betrace') })
  })

  test.each([
    [[], 'nothing to forget'],
    [['--trace', '4711'], '32 hexadecimal digits'],
    [['--where', 'user'], 'key=value'],
    [['--where', 'a=b', '--from', 'once'], 'which is not a time'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, err } = await runInProcess(['forget', '-d', data, ...args])
    expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining(message) })
    expect(await readdir(data)).toEqual(['retries.rules'])
  })
})
