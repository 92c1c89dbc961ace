import { createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { isWebhookSecret, signatureHeaders } from '../../shared/incidents/webhook-signature.ts'

const secretOf = (bytes: Buffer) => `whsec_${bytes.toString('base64')}`
const [oldKey, newKey] = [randomBytes(24), randomBytes(64)]
const NOW_MS = 1_764_000_000_999

test('a body is signed by each secret, with the second of the attempt and an id without dots', () => {
  const body = '{"text":"żółć"}'
  const headers = signatureHeaders([secretOf(newKey), secretOf(oldKey)], 'abc.live.1', body, NOW_MS)
  const signed = `abc_live_1.1764000000.${body}`
  const expected = [newKey, oldKey].map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  expect(headers).toEqual({
    'webhook-id': 'abc_live_1',
    'webhook-timestamp': '1764000000',
    'webhook-signature': expected.join(' '),
  })
})

test('nothing is signed without a secret', () => {
  expect(signatureHeaders([], 'abc.live.1', '{}', NOW_MS)).toEqual({})
})

test.each([
  [secretOf(oldKey), true],
  [secretOf(newKey), true],
  [secretOf(randomBytes(23)), false],
  [secretOf(randomBytes(65)), false],
  [oldKey.toString('base64'), false],
  ['whsec_', false],
  ['whsec_not base64 at all, but long enough to be a key', false],
])('a secret is whsec_ and 24 to 64 bytes: %s', (text, isOne) => {
  expect(isWebhookSecret(text)).toBe(isOne)
})
