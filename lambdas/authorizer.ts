import middy from '@middy/core'
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda'
import { secretsClient } from '../shared/aws/clients.ts'
import { MAX_REQUEST_BYTES } from '../shared/aws/deployment.ts'
import { ApiKeys } from '../shared/aws/keys/api-keys.ts'
import { type HeaderValues, presentedKey } from '../shared/otlp/presented-key.ts'
import { setting } from './support/environment.ts'
import { telemetry } from './support/telemetry.ts'

const { log, middleware } = telemetry()
const keys = new ApiKeys(secretsClient(), setting('keySecret'), Date.now, log)

/**
 * Lets requests pass that bring a known key as `x-api-key` or `Authorization: Bearer`; the key's name becomes the
 * principal. No known key: the error from which the gateway makes a 401. A body that no function can be given is
 * denied, from which the gateway makes a 413: only here is its length known before it is too late.
 */
export const handler = middy<APIGatewayRequestAuthorizerEvent, APIGatewayAuthorizerResult>()
  .use(middleware)
  .handler(async (event) => {
    const headers = allValues(event)
    const key = presentedKey(headers)
    const name = key === undefined ? undefined : await keys.nameOf(key)
    // The gateway knows this text, and no other, as "not authorized" instead of "the authorizer failed".
    if (name === undefined) throw new Error('Unauthorized')
    const tooLarge = Number(headers['content-length']?.[0] ?? 0) > MAX_REQUEST_BYTES
    return {
      principalId: name,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: tooLarge ? 'Deny' : 'Allow', Resource: event.methodArn }],
      },
    }
  })

/** The gateway gives the last value of a header in one place, and all of them in another. */
function allValues({ headers, multiValueHeaders }: APIGatewayRequestAuthorizerEvent): HeaderValues {
  const all = { ...headers, ...multiValueHeaders }
  const byName = Map.groupBy(Object.entries(all), ([name]) => name.toLowerCase())
  return Object.fromEntries(
    [...byName].map(([name, given]) => [name, given.flatMap(([, values]) => values ?? [])] as const),
  )
}
