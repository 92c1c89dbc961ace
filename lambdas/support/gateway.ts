import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda'
import { GATEWAY_HEADERS } from '../../shared/aws/deployment.ts'

/** The body of a request as bytes, which the gateway hands over as base64 or text. */
export function bodyOf({ body, isBase64Encoded }: APIGatewayProxyEvent): Buffer {
  return Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')
}

/** A header sent several times is one list, as HTTP has it. */
export function headersOf({ headers, multiValueHeaders }: APIGatewayProxyEvent): Readonly<Record<string, string>> {
  const all = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name, values?.join(', ')])
  const single = Object.entries(headers ?? {})
  const named = [...single, ...all].filter(([, value]) => value !== undefined)
  return Object.fromEntries(named.map(([name, value]) => [name?.toLowerCase(), value]))
}

/** An answer for the gateway, as bytes: it would else take text for base64. */
export function resultOf(response: {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}): APIGatewayProxyResult {
  return {
    statusCode: response.status,
    headers: { ...GATEWAY_HEADERS, ...response.headers },
    body: Buffer.from(response.body).toString('base64'),
    isBase64Encoded: true,
  }
}
