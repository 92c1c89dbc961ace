import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoTraceBuffer } from '../../shared/aws/buffer/dynamo-buffer.ts'
import { MAX_REQUEST_BYTES } from '../../shared/aws/deployment.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { INGEST_OPTIONS, ingest } from '../../shared/pipeline/ingest.ts'
import type { Attack } from './attack.ts'
import { forgetPeak, residentBytes } from './resident.ts'

/** What taking in one body costs the ingest function, but for the answers of its table. */
export interface CostOnLambda {
  readonly status: number
  /** Of the processor. */
  readonly ms: number
  /** Beyond what it had before. */
  readonly bytes: number
}

/** Takes one body in, compressed, in a new process as the ingest function does; undefined if it is too large to be sent. */
export function costOnLambda({ body, format }: Attack): CostOnLambda | undefined {
  const sent = gzipSync(body)
  if (sent.length > MAX_REQUEST_BYTES) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'betrace-hostile-'))
  try {
    const file = join(folder, 'body.gz')
    writeFileSync(file, sent)
    const answer = execFileSync(process.execPath, [fileURLToPath(import.meta.url), format, file], { encoding: 'utf8' })
    return JSON.parse(answer) as CostOnLambda
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Takes every write, and keeps none. */
const TABLE = { send: async () => ({}) } as unknown as DynamoDBClient

async function take(format: string, sent: Buffer): Promise<CostOnLambda> {
  const table = { client: TABLE, name: 'buffer', backoff: PATIENT }
  const deps = {
    buffer: new DynamoTraceBuffer(table, Date.now),
    clock: Date.now,
    metrics: { add: () => {}, observe: () => {} },
    options: INGEST_OPTIONS,
    onStorageFailure: (error: unknown) => console.error(error),
  }
  const type = format === 'json' ? 'application/json' : 'application/x-protobuf'
  const post = (body: Buffer) => {
    const headers = { 'content-type': type, 'content-encoding': 'gzip' }
    return ingest({ method: 'POST', headers, body }, deps)
  }
  await post(gzipSync(format === 'json' ? '{}' : ''))
  const idleBytes = residentBytes('self', 'now')
  forgetPeak('self')
  const before = process.cpuUsage()
  const { status } = await post(sent)
  const { user, system } = process.cpuUsage(before)
  return { status, ms: (user + system) / 1000, bytes: residentBytes('self', 'peak') - idleBytes }
}

const [format, file] = process.argv.slice(2)
if (import.meta.main && format !== undefined && file !== undefined) {
  console.log(JSON.stringify(await take(format, readFileSync(file))))
}
