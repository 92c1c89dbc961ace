import type { AddressInfo } from 'node:net'
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'
import dynalite from 'dynalite'
import { type FauxqsServer, startFauxqs } from 'fauxqs'
import { TABLE_KEYS } from '../../shared/aws/buffer/buffer-items.ts'

const REGION = 'us-east-1'
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

/** An emulator on a free port of this machine. */
export interface Running {
  readonly endpoint: string
  stop(): Promise<unknown>
}

/** DynamoDB without streams and time to live, in this process. */
export async function startDynalite(): Promise<Running & { readonly client: DynamoDBClient }> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS })
  const stop = () => {
    client.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
  return { endpoint, client, stop }
}

/** Waits until a table that was just created takes requests; the emulator makes it in the background. */
export async function untilActive(client: DynamoDBClient, TableName: string): Promise<void> {
  for (let looks = 0; looks < 1_000; looks++) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    if (Table?.TableStatus === 'ACTIVE') return
  }
  throw new Error(`${TableName} does not become active`)
}

/** SQS, SNS and S3 in this process. */
export interface Faux extends Running {
  readonly server: FauxqsServer
  readonly sqs: SQSClient
  readonly sns: SNSClient
  readonly s3: S3Client
}

export async function startFaux(): Promise<Faux> {
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' })
  const endpoint = `http://127.0.0.1:${server.port}`
  const common = { endpoint, region: REGION, credentials: CREDENTIALS }
  const [sqs, sns, s3] = [new SQSClient(common), new SNSClient(common), new S3Client(common)]
  const stop = async () => {
    for (const client of [sqs, sns, s3]) client.destroy()
    await server.stop()
  }
  return { endpoint, server, sqs, sns, s3, stop }
}

/** Creates the buffer's table as the stack declares its keys. */
export async function createBufferTable(client: DynamoDBClient, TableName: string): Promise<void> {
  const { partition, sort } = TABLE_KEYS
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: partition, KeyType: 'HASH' },
        { AttributeName: sort, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: partition, AttributeType: 'S' },
        { AttributeName: sort, AttributeType: 'S' },
      ],
    }),
  )
  await untilActive(client, TableName)
}
