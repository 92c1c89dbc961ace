import { beforeEach, describe, expect, test } from 'vitest'
import { ObjectGone } from '../../../shared/archive/object-store.ts'
import { s3ObjectStore } from '../../../shared/aws/archive/s3-object-store.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const emulator = faux()
let commands: string[]
beforeEach(() => {
  emulator().server.purgeAll()
  emulator().server.createBucket('archive')
  commands = []
})

const store = () => {
  const client = intercepted(emulator().s3, (command) => {
    commands.push(command.constructor.name)
    return undefined
  })
  return s3ObjectStore({ client, name: 'archive' })
}
const found = async (key: string) => {
  const [object] = await store().list(key)
  if (object === undefined) throw new Error(`no ${key}`)
  return object
}

describe('an archive in a bucket', () => {
  test('gives back the bytes that were put, part by part', async () => {
    const bytes = Buffer.from('some bytes of an object')
    await store().put('spans/a', bytes)
    const source = store().open(await found('spans/a'))
    expect(source.byteLength).toBe(bytes.length)
    expect((await source.read(5, 10)).toString()).toBe('bytes')
    expect(await source.read(3, 3)).toHaveLength(0)
  })

  test('is asked for a small object once, for parts of a large one each time', async () => {
    await store().put('small', Buffer.alloc(1024, 'x'))
    await store().put('large', Buffer.alloc(2 * 1024 * 1024, 'y'))
    const opened = store()
    const [small, large] = [opened.open(await found('small')), opened.open(await found('large'))]
    commands = []
    for (const source of [small, small, large, large]) expect(await source.read(7, 9)).toHaveLength(2)
    expect(commands).toHaveLength(3)
  })

  test('lists all there is, page by page, or as much as is enough', async () => {
    const keys = Array.from({ length: 1_005 }, (_, i) => `spans/${String(i).padStart(4, '0')}`)
    await Promise.all(keys.map((key) => store().put(key, Buffer.from('x'))))
    expect((await store().list('spans/')).map(({ key }) => key)).toEqual(keys)
    expect(await store().list('spans/', 10)).toHaveLength(1_000)
    expect(await store().list('other/')).toEqual([])
  })

  test('says that an object is gone, and forgets what could not be read', async () => {
    await store().put('spans/a', Buffer.from('here'))
    const source = store().open(await found('spans/a'))
    await store().delete('spans/a')
    await expect(source.read(0, 4)).rejects.toThrow(ObjectGone)
    await store().put('spans/a', Buffer.from('back'))
    expect((await source.read(0, 4)).toString()).toBe('back')
  })

  test('says that an object broke off rather than give less than was asked for', async () => {
    await store().put('spans/a', Buffer.from('short'))
    const source = store().open({ ...(await found('spans/a')), byteLength: 50 })
    await expect(source.read(0, 50)).rejects.toThrow(/broke off/)
  })
})
