import { createHmac, randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test, vi } from 'vitest'
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

afterEach(() => void vi.useRealTimers())

test('the library of Standard Webhooks takes either signature, and no old, forged or changed request', () => {
  const body = '{"a":"<ż>"}'
  const headers = { ...signatureHeaders([secretOf(newKey), secretOf(oldKey)], 'abc.1', body, NOW_MS) }
  const verify = (key: Buffer, text = body) => new Webhook(secretOf(key)).verify(text, headers)
  vi.useFakeTimers({ now: NOW_MS + 60_000, toFake: ['Date'] })
  for (const key of [oldKey, newKey]) expect(verify(key)).toEqual({ a: '<ż>' })
  expect(() => verify(oldKey, '{"a":"<z>"}')).toThrow('No matching signature found')
  expect(() => verify(randomBytes(32))).toThrow('No matching signature found')
  vi.setSystemTime(NOW_MS + 301_000)
  expect(() => verify(oldKey)).toThrow('Message timestamp too old')
})
