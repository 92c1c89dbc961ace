import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { APIGatewayProxyEvent, APIGatewayProxyResult, EventBridgeEvent } from 'aws-lambda'
import { dynamoClient } from '../shared/aws/clients.ts'
import { DynamoExperiments } from '../shared/aws/experiments/dynamo-experiments.ts'
import { DynamoFiring } from '../shared/aws/signals/dynamo-firing.ts'
import { PATIENT } from '../shared/aws/until-taken.ts'
import { type ApiDeps, answerApi, MAX_EVENT_BYTES } from '../shared/experiments/api.ts'
import { readExperimentEvent } from '../shared/experiments/read-event.ts'
import { type ApiResponse, errorBody, json } from '../shared/pipeline/api-message.ts'
import { judging, setting } from './support/environment.ts'
import { bodyOf, headersOf, resultOf } from './support/gateway.ts'
import { telemetry } from './support/telemetry.ts'

const { log, metrics, middleware } = telemetry()
const table = { client: dynamoClient(), name: setting('table'), backoff: PATIENT }
const deps: ApiDeps = {
  experiments: new DynamoExperiments(table, Date.now),
  firing: new DynamoFiring(table, Date.now),
  settings: judging(),
  clock: Date.now,
  metrics,
  newId: () => `exp-${randomUUID()}`,
  onStorageFailure: (error) => log('error', 'experiments not read or stored', { reason: String(error) }),
}

type FisEvent = EventBridgeEvent<string, unknown>

/** Answers the API of experiments and stop conditions behind the gateway, and takes the state changes of AWS FIS from EventBridge. */
export const handler = middy<APIGatewayProxyEvent | FisEvent, APIGatewayProxyResult | undefined>()
  .use(middleware)
  .handler(async (event) => {
    if ('httpMethod' in event) return resultOf(await answer(event))
    // What cannot be read or stored throws: Lambda tries again, then sets the event aside.
    await deps.experiments.append(readExperimentEvent(JSON.stringify(event), { nowMs: Date.now(), newId: deps.newId }))
    return undefined
  })

async function answer(event: APIGatewayProxyEvent): Promise<ApiResponse> {
  const body = bodyOf(event)
  if (body.length > MAX_EVENT_BYTES) {
    return json(413, errorBody('too-large', 'the body is too large', `send at most ${MAX_EVENT_BYTES} bytes`))
  }
  const given = Object.entries(event.queryStringParameters ?? {}).map(([name, value]): [string, string] => [
    name,
    value ?? '',
  ])
  return answerApi(
    {
      method: event.httpMethod,
      path: event.path,
      query: new URLSearchParams(given),
      headers: headersOf(event),
      body: body.toString('utf8'),
    },
    deps,
  )
}
