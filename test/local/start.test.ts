import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHARGE, runtimes, statuses } from './harness.ts'

const { newHome, send, start, stop } = runtimes()

test('a second process on one data folder fails with a message that it is in use', async () => {
  const home = newHome()
  const first = await start(home)
  await expect(start(home)).rejects.toMatchObject({
    name: 'InputError',
    code: 'data-folder-in-use',
    message: `the data folder ${home.dataFolder} is in use by another betrace`,
  })
  await stop(first)
  await start(home)
})

test('a port in use is bad input, and leaves the data folder free', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const home = newHome()
  await expect(start(home, { port })).rejects.toMatchObject({ name: 'InputError', code: 'port-in-use' })
  taken.close()
  await start(home)
})

test('a data folder that is a file is bad input', async () => {
  const home = newHome()
  writeFileSync(home.dataFolder, '')
  await expect(start(home)).rejects.toMatchObject({ name: 'InputError', code: 'data-folder-unusable' })
})

test('a damaged database is named, and leaves the data folder free', async () => {
  const home = newHome()
  mkdirSync(home.dataFolder)
  const path = join(home.dataFolder, 'betrace.db')
  writeFileSync(path, 'not a database'.repeat(100))
  await expect(start(home)).rejects.toMatchObject({ name: 'StorageError', code: 'corrupt' })
  await expect(start(home)).rejects.toMatchObject({ message: expect.stringContaining(path) })
})

test('rules that cannot be found are bad input', async () => {
  const home = newHome()
  await expect(start({ ...home, rules: join(home.rules, 'none') })).rejects.toMatchObject({ code: 'unreadable-rules' })
})

test('closing twice is closing once, and ends what the scheduler does', async () => {
  const home = newHome()
  const scheduled = new Set<() => void>()
  const scheduler = {
    after(_delayMs: number, work: () => void) {
      scheduled.add(work)
      return () => scheduled.delete(work)
    },
  }
  const runtime = await start(home, {}, { scheduler })
  expect(scheduled.size).toBeGreaterThan(3)
  await Promise.all([runtime.close(), runtime.close()])
  expect(scheduled.size).toBe(0)
})

test('the scheduler alone moves traces to signals', async () => {
  const scheduled: (() => void)[] = []
  const after = (_delayMs: number, work: () => void) => {
    scheduled.push(work)
    return () => {}
  }
  let nowMs = 1_764_000_000_000
  const runtime = await start(newHome(), {}, { scheduler: { after }, clock: () => nowMs })
  await send(runtime, [CHARGE])
  nowMs += 5_000
  for (const work of scheduled.splice(0)) work()
  await expect.poll(() => statuses(runtime)).toHaveLength(1)
})
