import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll } from 'vitest'
import type { DynamoTable } from '../../shared/aws/dynamo-requests.ts'
import { INCIDENT_KEYS, OPEN_INDEX } from '../../shared/aws/incidents/incident-items.ts'
import { IMPATIENT } from './dynamo-table.ts'
import { startDynalite, untilActive } from './emulators.ts'

/** Fresh tables of incidents for one test file: each call makes one. */
export function incidentTables(): () => Promise<DynamoTable> {
  let running: Awaited<ReturnType<typeof startDynalite>> | undefined
  let tables = 0
  beforeAll(async () => {
    running = await startDynalite()
  })
  afterAll(() => running?.stop())
  return async () => {
    const client = running?.client as DynamoDBClient
    const name = `incidents-${++tables}`
    await createIncidentTable(client, name)
    return { client, name, backoff: IMPATIENT }
  }
}

/** Creates the table of incidents as the stack declares it. */
export async function createIncidentTable(client: DynamoDBClient, TableName: string): Promise<void> {
  const names = [INCIDENT_KEYS.partition, INCIDENT_KEYS.sort, OPEN_INDEX.partition, OPEN_INDEX.sort]
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys(INCIDENT_KEYS.partition, INCIDENT_KEYS.sort),
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      GlobalSecondaryIndexes: [
        {
          IndexName: OPEN_INDEX.name,
          KeySchema: keys(OPEN_INDEX.partition, OPEN_INDEX.sort),
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...OPEN_INDEX.others] },
        },
      ],
    }),
  )
  await untilActive(client, TableName)
}

function keys(partition: string, sort: string) {
  return [
    { AttributeName: partition, KeyType: 'HASH' as const },
    { AttributeName: sort, KeyType: 'RANGE' as const },
  ]
}
