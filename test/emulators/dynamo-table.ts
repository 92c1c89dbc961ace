import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll } from 'vitest'
import type { DynamoTable } from '../../shared/aws/dynamo-requests.ts'
import { createBufferTable, type startDynalite } from './emulators.ts'

/** A client that does not wait between attempts: emulators do not need it. */
export const IMPATIENT = { attempts: 4, firstWaitMs: 1, pause: async () => {} }

/** A fresh buffer table for one test file, from its first test to its last. */
export function bufferTable(start: typeof startDynalite): () => DynamoTable {
  let running: Awaited<ReturnType<typeof startDynalite>> | undefined
  beforeAll(async () => {
    running = await start()
    await createBufferTable(running.client, 'buffer')
  })
  afterAll(() => running?.stop())
  return () => ({ client: running?.client as DynamoDBClient, name: 'buffer', backoff: IMPATIENT })
}
