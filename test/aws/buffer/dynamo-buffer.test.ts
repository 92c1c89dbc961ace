import { randomBytes } from 'node:crypto'
import {
  BatchWriteItemCommand,
  type BatchWriteItemCommandOutput,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { PART_BYTES } from '../../../shared/aws/buffer/buffer-items.ts'
import { DynamoTraceBuffer } from '../../../shared/aws/buffer/dynamo-buffer.ts'
import { type Chunk, newChunk } from '../../../shared/pipeline/chunk.ts'
import type { CommittedJudgement, PendingSignal } from '../../../shared/pipeline/ports.ts'
import { bufferTable } from '../../emulators/dynamo-table.ts'
import { startDynalite } from '../../emulators/emulators.ts'
import { intercepted } from '../../emulators/faux.ts'

const NOW_MS = 1_764_000_000_000
const DAY_SECONDS = 86_400
const NO_JUDGEMENT: CommittedJudgement = { seen: [], verdicts: 0, truncated: false, signals: [], pending: [] }

const table = bufferTable(startDynalite)
const buffer = (client = table().client) => new DynamoTraceBuffer({ ...table(), client }, () => NOW_MS)

let traces = 0
function newTraceId(): string {
  return String(++traces).padStart(32, '0')
}

async function chunksOf(traceId: string): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = []
  for await (const page of buffer().readChunks(traceId)) chunks.push(...page)
  return chunks
}

async function itemsOf(traceId: string) {
  const { Items = [] } = await table().client.send(new ScanCommand({ TableName: table().name }))
  return Items.filter((item) => item.trace?.S === traceId)
}

describe('a chunk', () => {
  test('lies in one item that expires seven days after it arrived', async () => {
    const chunk = newChunk(newTraceId(), NOW_MS - 1_000, Buffer.from('spans'), 3)
    expect(await buffer().append([chunk])).toEqual([])
    const [item, ...rest] = await itemsOf(chunk.traceId)
    expect(rest).toEqual([])
    expect(Object.keys(item ?? {}).sort()).toEqual(['item', 'n', 'p', 'trace', 'x'])
    expect(item?.x?.N).toBe(String(NOW_MS / 1000 - 1 + 7 * DAY_SECONDS))
  })

  test('larger than an item is cut, comes back whole, and its parts outlive its head', async () => {
    const chunk = newChunk(newTraceId(), NOW_MS, randomBytes(2.5 * PART_BYTES), 3)
    await buffer().append([chunk])
    const items = await itemsOf(chunk.traceId)
    expect(items.map((item) => item.item?.S?.slice(0, 2)).sort()).toEqual(['c#', 'd#', 'd#'])
    const expiries = items.map((item) => Number(item.x?.N)).sort()
    expect((expiries[1] ?? 0) - (expiries[0] ?? 0)).toBe(DAY_SECONDS)
    expect(await chunksOf(chunk.traceId)).toEqual([{ ...chunk, bytes: Buffer.from(chunk.bytes) }])
    expect(await buffer().newestChunkKey(chunk.traceId)).toBe(chunk.key)
  })

  test('whose part is gone is reported as corrupt, not judged in part', async () => {
    const chunk = newChunk(newTraceId(), NOW_MS, randomBytes(2 * PART_BYTES), 3)
    await buffer().append([chunk])
    const [head] = (await itemsOf(chunk.traceId)).filter((item) => item.item?.S?.startsWith('c#'))
    const elsewhere = { ...head, trace: { S: newTraceId() } }
    await expect(buffer().chunkOfRemoved(elsewhere)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await buffer().chunkOfRemoved(head ?? {})).toMatchObject({ key: chunk.key, spanCount: 3 })
  })

  test('sent twice in one request is written once', async () => {
    const chunk = newChunk(newTraceId(), NOW_MS, Buffer.from('spans'), 3)
    expect(await buffer().append([chunk, { ...chunk }])).toEqual([])
    expect(await chunksOf(chunk.traceId)).toHaveLength(1)
  })
})

describe('a table that is asked for too much', () => {
  /** Leaves the items of `hot` unprocessed, as DynamoDB does, `times` times. */
  function throttling(hot: string, times: number) {
    let left = times
    return intercepted(table().client, async (command) => {
      if (!(command instanceof BatchWriteItemCommand) || left-- <= 0) return undefined
      const requests = command.input.RequestItems?.[table().name] ?? []
      const [refused, taken] = [true, false].map((isHot) =>
        requests.filter((request) => (request.PutRequest?.Item?.trace?.S === hot) === isHot),
      )
      const write = new BatchWriteItemCommand({ RequestItems: { [table().name]: taken ?? [] } })
      if ((taken ?? []).length > 0) await table().client.send(write)
      return { UnprocessedItems: { [table().name]: refused } } as BatchWriteItemCommandOutput
    })
  }

  test('is asked again for what it left unprocessed', async () => {
    const chunks = [1, 2].map(() => newChunk(newTraceId(), NOW_MS, Buffer.from('spans'), 1))
    expect(await buffer(throttling(chunks[0]?.traceId ?? '', 2)).append(chunks)).toEqual([])
    expect(await chunksOf(chunks[0]?.traceId ?? '')).toHaveLength(1)
  })

  test('refuses the chunks of a hot trace, and its neighbours are stored', async () => {
    const chunks = Array.from({ length: 60 }, () => newChunk(newTraceId(), NOW_MS, Buffer.from('spans'), 1))
    const hot = newChunk(newTraceId(), NOW_MS, Buffer.from('spans'), 1)
    const refused = await buffer(throttling(hot.traceId, 99)).append([hot, ...chunks])
    expect(refused).toEqual([{ chunk: hot, reason: 'throttled' }])
    for (const { traceId } of chunks) expect(await buffer().newestChunkKey(traceId)).toBeDefined()
  })

  test('that takes nothing at all is a transient failure', async () => {
    const chunk = newChunk(newTraceId(), NOW_MS, Buffer.from('spans'), 1)
    const unprocessed = buffer(throttling(chunk.traceId, 99)).append([chunk])
    await expect(unprocessed).rejects.toMatchObject({ code: 'throttled', transient: true })
    const fault = Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' })
    const thrown = intercepted(table().client, () => Promise.reject(fault))
    await expect(buffer(thrown).append([chunk])).rejects.toMatchObject({ code: 'throttled', transient: true })
  })

  test('that does not answer is a transient failure, one that forbids is not', async () => {
    const failing = (name: string) =>
      buffer(intercepted(table().client, () => Promise.reject(Object.assign(new Error(), { name }))))
    await expect(failing('TimeoutError').readMarker('a')).rejects.toMatchObject({
      code: 'unavailable',
      transient: true,
    })
    await expect(failing('AccessDeniedException').newestChunkKey('a')).rejects.toMatchObject({
      code: 'denied',
      transient: false,
    })
  })
})

describe('a marker', () => {
  test('that no item can hold is kept in parts and comes back whole', async () => {
    const traceId = newTraceId()
    const seen = Array.from({ length: 20_000 }, () => randomBytes(20).toString('hex'))
    const pending = seen.map((text) => ({ event: { id: text }, shadow: false })) as unknown as PendingSignal[]
    await buffer().takeLease(traceId, undefined, { token: 'mine', untilMs: NOW_MS })
    expect(await buffer().commit(traceId, 'mine', { ...NO_JUDGEMENT, seen, pending })).toBe(true)
    expect(await buffer().readMarker(traceId)).toMatchObject({ seen, pending, revision: 1, lease: { token: 'mine' } })
    expect(await buffer().settle(traceId, 'mine', [])).toBe(true)
    expect(await buffer().readMarker(traceId)).toMatchObject({ seen, pending: [], revision: 2 })
  })

  test('whose parts are gone is corrupt, never an empty verdict', async () => {
    const traceId = newTraceId()
    await buffer().takeLease(traceId, undefined, { token: 'mine', untilMs: NOW_MS })
    const name = { ':v': { S: 'nowhere#2' } }
    const Key = { trace: { S: traceId }, item: { S: 'm' } }
    const damage = { UpdateExpression: 'SET v = :v', ExpressionAttributeValues: name }
    await table().client.send(new UpdateItemCommand({ TableName: table().name, Key, ...damage }))
    await expect(buffer().readMarker(traceId)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('takes one write unit a write where eight services sent their spans', async () => {
    const traceId = newTraceId()
    const seen = Array.from({ length: 8 }, (_, i) => newChunk(traceId, NOW_MS + i, randomBytes(8), 1).key)
    const units: (number | undefined)[] = []
    const metered = intercepted(table().client, async (command) => {
      if (!(command instanceof UpdateItemCommand)) return undefined
      const update = new UpdateItemCommand({ ...command.input, ReturnConsumedCapacity: 'TOTAL' })
      const output = await table().client.send(update)
      units.push(output.ConsumedCapacity?.CapacityUnits)
      return output
    })
    await buffer(metered).takeLease(traceId, undefined, { token: 'mine', untilMs: NOW_MS })
    await buffer(metered).commit(traceId, 'mine', { ...NO_JUDGEMENT, seen, verdicts: 1 })
    expect(units).toEqual([1, 1])
  })

  test('whose lease was taken by a call that failed after it was done belongs to the caller', async () => {
    const traceId = newTraceId()
    const lease = { token: 'mine', untilMs: NOW_MS + 1 }
    const answerLost = intercepted(table().client, async (command) => {
      if (!(command instanceof UpdateItemCommand)) return undefined
      await table().client.send(command)
      // DynamoDB returns the item with the refusal when asked to; the emulator does not know how.
      const Item = { t: { S: lease.token } }
      throw Object.assign(new Error(), { name: 'ConditionalCheckFailedException', Item })
    })
    expect(await buffer(answerLost).takeLease(traceId, undefined, lease)).toBe(true)
    expect(await buffer().readMarker(traceId)).toMatchObject({ lease })
  })
})
