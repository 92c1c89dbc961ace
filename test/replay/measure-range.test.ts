import { beforeEach, expect, test } from 'vitest'
import { measureRange } from '../../shared/replay/plan.ts'
import { type MemoryStore, memoryStore } from '../archive/memory-store.ts'
import { HOUR_MS, START_MS } from './archived.ts'

const MANY = { objects: 1_000, bytes: 1_000_000 }
let store: MemoryStore
beforeEach(async () => {
  store = memoryStore()
  for (const day of ['14', '15', '16']) {
    for (const hour of ['00', '05', '23']) {
      await store.put(`spans/dt=2025-10-${day}/hour=${hour}/w-${'0'.repeat(32)}.parquet`, Buffer.alloc(10))
    }
  }
})
const range = (fromHour: number, toHour: number) => ({
  fromMs: START_MS + fromHour * HOUR_MS,
  toMs: START_MS + toHour * HOUR_MS,
})

test('a range is as large as the objects of its hours, whole days and parts of days', async () => {
  expect(await measureRange(store, range(0, 24), MANY)).toEqual({ objects: 3, bytes: 30, isWhole: true })
  expect(await measureRange(store, range(4, 6), MANY)).toEqual({ objects: 1, bytes: 10, isWhole: true })
  expect(await measureRange(store, range(5.5, 5.6), MANY)).toMatchObject({ objects: 1 })
  expect(await measureRange(store, range(-1, 48), MANY)).toMatchObject({ objects: 7 })
})

test('counting ends where there is more than the limits', async () => {
  expect(await measureRange(store, range(0, 24), { ...MANY, objects: 2 })).toMatchObject({ isWhole: false })
  expect(await measureRange(store, range(0, 24), { ...MANY, bytes: 29 })).toMatchObject({ isWhole: false })
  expect(await measureRange(store, range(0, 24), { objects: 3, bytes: 30 })).toMatchObject({ isWhole: true })
})
