import middy from '@middy/core'
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda'
import { DynamoTraceBuffer } from '../shared/aws/buffer/dynamo-buffer.ts'
import { dynamoClient } from '../shared/aws/clients.ts'
import { MAX_REQUEST_BYTES } from '../shared/aws/deployment.ts'
import { PATIENT } from '../shared/aws/until-taken.ts'
import { INGEST_OPTIONS, type IngestDeps, ingest, refuseTooLarge } from '../shared/pipeline/ingest.ts'
import { limitsOfRequests, setting } from './support/environment.ts'
import { bodyOf, headersOf, resultOf } from './support/gateway.ts'
import { telemetry } from './support/telemetry.ts'

const { log, metrics, middleware } = telemetry()
const table = { client: dynamoClient(), name: setting('table'), backoff: PATIENT }
const allowedOrigins = setting('corsOrigins')
  .split(',')
  .filter((origin) => origin !== '')
const deps: IngestDeps = {
  buffer: new DynamoTraceBuffer(table, Date.now),
  clock: Date.now,
  metrics,
  options: {
    ...INGEST_OPTIONS,
    ...limitsOfRequests(),
    ...(allowedOrigins.length > 0 && { cors: { allowedOrigins } }),
  },
  onStorageFailure: (error) => log('error', 'chunks not stored', { reason: String(error) }),
}
/** What a function can be given is less than what a request may hold once it is decompressed. */
const received: IngestDeps = { ...deps, options: { ...deps.options, maxBodyBytes: MAX_REQUEST_BYTES } }

/** Answers POST /v1/traces behind the gateway: one durable write, then 200. */
export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(middleware)
  .handler(async (event) => {
    const head = { method: event.httpMethod, headers: headersOf(event) }
    const body = bodyOf(event)
    const tooLarge = body.length > MAX_REQUEST_BYTES
    return resultOf(tooLarge ? refuseTooLarge(head, received) : await ingest({ ...head, body }, deps))
  })
