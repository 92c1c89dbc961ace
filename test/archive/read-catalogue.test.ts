import { beforeEach, describe, expect, test } from 'vitest'
import { noteRows } from '../../shared/archive/catalogue-of-rows.ts'
import { COMPACTION_LIMITS, compactHour, GRACE_MS } from '../../shared/archive/compact.ts'
import { forgetHour } from '../../shared/archive/forget.ts'
import { importTraces } from '../../shared/archive/import-traces.ts'
import { readCatalogue } from '../../shared/archive/read-catalogue.ts'
import { HOUR_LIMITS } from '../../shared/catalogue/catalogue.ts'
import { catalogueText } from '../../shared/catalogue/catalogue-text.ts'
import { newCatalogue } from '../../shared/catalogue/grow.ts'
import { archive, chunkOf, HOUR_MS, ONE_DAY, recordOf, type SketchedRecord, START_MS } from '../replay/archived.ts'
import { type MemoryStore, memoryStore } from './memory-store.ts'

let nowMs: number
let store: MemoryStore

beforeEach(() => {
  nowMs = START_MS
  store = memoryStore(() => nowMs)
})

const idOf = (index: number) => index.toString(16).padStart(32, '0')
const charge = (index: number, rest: Partial<SketchedRecord> = {}): SketchedRecord => ({
  traceId: idOf(index),
  spans: [
    {
      name: 'payment.charge',
      kind: 3,
      resource: { 'service.name': 'payment', 'host.name': 'h1' },
      attributes: { 'enduser.id': `user-${index}`, amount: 9.5, ok: true },
      events: [{ name: 'exception' }],
    },
  ],
  ...rest,
})
const put = (...traces: readonly SketchedRecord[]) => archive(store, traces.map(recordOf))
const read = () => readCatalogue(store, ONE_DAY)

/** The same gathered from the spans themselves. */
function expected(...traces: readonly SketchedRecord[]): string {
  const catalogue = newCatalogue(HOUR_LIMITS)
  for (const { spans } of traces.map(recordOf)) noteRows(catalogue, spans)
  return catalogueText(catalogue)
}

/** Makes objects look as they did before they held a catalogue. */
function age(): void {
  for (const [key, bytes] of store.objects) {
    const text = Buffer.from(bytes).toString('latin1').replace('betrace.catalogue', 'betrace.anythings')
    store.objects.set(key, Buffer.from(text, 'latin1'))
  }
}

describe('the catalogue of an archive', () => {
  test('says which spans there are, of which services, with which attributes and events', async () => {
    await put(charge(1), charge(2))
    const { catalogue, hours, failures } = await read()
    expect([hours, failures]).toEqual([[START_MS], []])
    expect(catalogue.names.get('payment.charge')).toMatchObject({
      spans: 2,
      services: new Map([['payment', new Map([[3, 2]])]]),
      events: new Map([['exception', 2]]),
      attributes: new Map<string, unknown>([
        ['amount', { spans: 2, types: new Set(['double']), examples: ['9.5'] }],
        ['enduser.id', { spans: 2, types: new Set(['string']), examples: ['"user-1"', '"user-2"'] }],
        ['ok', { spans: 2, types: new Set(['boolean']), examples: ['true'] }],
      ]),
    })
    expect(catalogue.resource.get('service.name')).toMatchObject({
      spans: 2,
      types: new Set(['string']),
      examples: ['"payment"'],
    })
  })

  test('knows the type of every value, and cuts long examples within 64 bytes', async () => {
    const attributes = {
      text: 'x',
      int: 5n,
      large: 2n ** 60n,
      double: 0.5,
      nan: Number.NaN,
      yes: true,
      list: [1, 'a'],
      map: new Map([['$k', 'v']]),
      bytes: new Uint8Array([1]),
      empty: null,
      long: '€"\\'.repeat(1000),
    }
    await put({ traceId: idOf(1), spans: [{ name: 'a', attributes }] })
    const seen = (await read()).catalogue.names.get('a')?.attributes ?? new Map()
    expect(Object.fromEntries([...seen].map(([key, { types }]) => [key, [...types].join()]))).toEqual({
      ...{ text: 'string', int: 'int', large: 'int', double: 'double', nan: 'double', yes: 'boolean', list: 'array' },
      ...{ map: 'map', bytes: 'bytes', empty: 'empty', long: 'string' },
    })
    const [long = ''] = seen.get('long')?.examples ?? []
    expect(JSON.parse(long)).toMatch(/^(?:€"\\)+€?"?…$/)
    expect(Buffer.byteLength(JSON.parse(long))).toBeLessThanOrEqual(64)
  })

  test('adds up the objects of an hour, and the hours of the range alone', async () => {
    await put(charge(1))
    await put(charge(2))
    await put(charge(3, { atMs: START_MS + 5 * HOUR_MS }), charge(4, { atMs: START_MS + 48 * HOUR_MS }))
    const { catalogue, hours } = await read()
    expect(hours).toEqual([START_MS, START_MS + 5 * HOUR_MS])
    expect(catalogue.names.get('payment.charge')?.spans).toBe(3)
  })

  test('is merged with the objects, and what was archived twice counts once', async () => {
    await put(charge(1), charge(2))
    await put(charge(2), charge(3))
    expect((await read()).catalogue.names.get('payment.charge')?.spans).toBe(4)
    await compactHour(store, START_MS, { nowMs, token: 'run' }, { ...COMPACTION_LIMITS, leastNewShare: 0 })
    expect(catalogueText((await read()).catalogue)).toBe(expected(charge(1), charge(2), charge(3)))
    nowMs += 2 * GRACE_MS
    await compactHour(store, START_MS, { nowMs, token: 'next' })
    expect(store.objects.size).toBe(1)
    expect(catalogueText((await read()).catalogue)).toBe(expected(charge(1), charge(2), charge(3)))
  })

  test('holds nothing of a trace that is forgotten, before and after compaction', async () => {
    await put(charge(1), charge(2))
    await put(charge(3))
    await compactHour(store, START_MS, { nowMs, token: 'run' }, { ...COMPACTION_LIMITS, leastNewShare: 0 })
    const forgotten = { kind: 'where', key: 'enduser.id', value: 'user-2' } as const
    await forgetHour(store, START_MS, forgotten, { token: 'forget', dryRun: false })
    expect(catalogueText((await read()).catalogue)).toBe(expected(charge(1), charge(3)))
    for (const key of store.objects.keys()) {
      const text = catalogueText((await readCatalogue(only(key), ONE_DAY)).catalogue)
      expect(text).not.toContain('user-2')
    }
  })

  describe('of an archive that redacts keys', () => {
    const attributes = { 'user.email': 'alice@example.com', 'user.age': 41n, amount: 5n }
    const alice = { traceId: idOf(1), spans: [{ name: 'a', attributes, resource: { 'user.host': 'alice-laptop' } }] }
    const bob = {
      traceId: idOf(2),
      spans: [{ name: 'a', attributes: { ...attributes, 'user.email': 'bob@x.example' } }],
    }
    /** What the objects hold, whatever their archive redacts now. */
    const held = async () =>
      catalogueText((await readCatalogue({ ...store, redacted: async () => [] }, ONE_DAY)).catalogue)

    beforeEach(() => {
      store = memoryStore(() => nowMs, ['user.*'])
    })

    test('no value of them is shown, their types and counts are; objects that were written before among them', async () => {
      await put(alice)
      expect(await held()).toContain('alice@example.com')
      const { names, resource } = (await read()).catalogue
      expect(names.get('a')?.attributes).toEqual(
        new Map<string, unknown>([
          ['amount', expect.objectContaining({ spans: 1, examples: ['5'] })],
          ['user.age', expect.objectContaining({ spans: 1, types: new Set(['int']), examples: [] })],
          ['user.email', expect.objectContaining({ spans: 1, types: new Set(['string']), examples: [] })],
        ]),
      )
      expect(resource.get('user.host')?.examples).toEqual([])
    })

    test('no object holds a value of them that was merged, rewritten by forget, or imported', async () => {
      const chunks = [chunkOf(idOf(3), bob.spans)]
      for await (const { traces } of importTraces(store, [{ traceId: idOf(3), chunks }], nowMs)) expect(traces).toBe(1)
      expect(await held()).toMatch(/"amount",1,\["int"\],\["5"\].*"user.email",1,\["string"\],\[\]/)
      await put(alice)
      await put(bob)
      await compactHour(store, START_MS, { nowMs, token: 'run' }, { ...COMPACTION_LIMITS, leastNewShare: 0 })
      expect(await held()).toMatch(/"user.email",3,\["string"\],\[\]/)
      const forgotten = { kind: 'trace', traceId: alice.traceId } as const
      await forgetHour(store, START_MS, forgotten, { token: 'forget', dryRun: false })
      expect(await held()).toMatch(/"user.email",2,\["string"\],\[\]/)
    })
  })

  test('is made of the spans of objects that were written without', async () => {
    await put(charge(1), charge(2))
    age()
    const { catalogue, failures } = await read()
    expect(failures).toEqual([])
    expect(catalogueText(catalogue)).toBe(expected(charge(1), charge(2)))
  })

  test('reads little of a large object', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, `${i}`.repeat(20)]))
    const keys = await put(
      ...Array.from({ length: 3_000 }, (_, i) => ({
        traceId: idOf(i),
        spans: [{ name: 'a', attributes: { ...attributes, random: `${Math.sin(i)}${Math.cos(i)}${Math.tan(i)}` } }],
      })),
    )
    const [key = ''] = keys
    await read()
    expect(store.reads.get(key)).toBeLessThan(70_000)
    expect(store.objects.get(key)?.length).toBeGreaterThan(90_000)
  })

  test('names an object whose catalogue is damaged, and counts the others', async () => {
    const [damaged = ''] = await put(charge(1))
    await put(charge(2))
    const bytes = store.objects.get(damaged) as Uint8Array
    const footer = Buffer.from(bytes).toString('latin1')
    const [, start = ''] = /"start":(\d+),"end":\d+,"crc32"/.exec(footer) ?? []
    bytes[Number(start) + 20] = (bytes[Number(start) + 20] as number) ^ 1
    const { catalogue, failures } = await read()
    expect(failures).toEqual([{ key: damaged, reason: 'its catalogue does not agree with its checksum' }])
    expect(catalogue.names.get('payment.charge')?.spans).toBe(1)
  })

  test('lists an hour again where an object goes away while it is read', async () => {
    await put(charge(1))
    await put(charge(2))
    let lists = 0
    const racing = {
      ...store,
      async list(prefix: string) {
        const listed = await store.list(prefix)
        if (prefix.includes('hour=') && lists++ === 0) {
          await compactHour(store, START_MS, { nowMs, token: 'run' }, { ...COMPACTION_LIMITS, leastNewShare: 0 })
          for (const { key } of listed) await store.delete(key)
        }
        return listed
      },
    }
    const { catalogue, failures } = await readCatalogue(racing, ONE_DAY)
    expect(failures).toEqual([])
    expect(catalogue.names.get('payment.charge')?.spans).toBe(2)
  })
})

/** The archive as if it had this object alone. */
function only(key: string): MemoryStore {
  const alone = memoryStore()
  alone.objects.set(key, store.objects.get(key) as Uint8Array)
  return alone
}
