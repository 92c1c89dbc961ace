import { createHmac } from 'node:crypto'

/*
 * Standard Webhooks 1.0 (https://www.standardwebhooks.com): who receives a request can tell that it is ours, whole, and not
 * an old one that somebody sends again.
 */

const PREFIX = 'whsec_'

/** A secret as it is written: `whsec_` and 24 to 64 bytes in base64. */
export function isWebhookSecret(text: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)) return false
  const { length } = keyOf(text)
  return length >= 24 && length <= 64
}

/**
 * The headers that sign a body as it is sent, by each of the secrets: while receivers change from one to the next, both are
 * given. `id` stays the same whenever the event is sent again, `nowMs` is that of the attempt.
 */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  body: string,
  nowMs: number,
): Readonly<Record<string, string>> {
  if (secrets.length === 0) return {}
  // A dot parts what is signed, so the id must not have one.
  const webhookId = id.replaceAll('.', '_')
  const timestamp = String(Math.floor(nowMs / 1000))
  const signed = `${webhookId}.${timestamp}.${body}`
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', keyOf(secret)).update(signed).digest('base64')}`,
  )
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64')
}
