import { timingSafeEqual } from 'node:crypto'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ApiKeys, keyDigest, parseKeySecret } from '../../../shared/aws/keys/api-keys.ts'

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) }
})

let nowMs = 0
let secret = ''
let reads = 0
let failing = false

beforeEach(() => {
  nowMs = 1_764_000_000_000
  secret = JSON.stringify({
    generatedKey: 'generated-at-deploy',
    addedKeys: [{ name: 'ci', sha256: keyDigest('added-later') }],
  })
  reads = 0
  failing = false
})

/** Answers as Secrets Manager does; there is no emulator of it. */
const client = {
  send: async () => {
    reads++
    if (failing) throw new Error('no answer')
    return { SecretString: secret }
  },
} as unknown as SecretsManagerClient

const keys = () =>
  new ApiKeys(
    client,
    'secret',
    () => nowMs,
    () => {},
  )

describe('a key', () => {
  test('is known by its name, the generated one as well as those added since', async () => {
    const accepted = keys()
    expect(await accepted.nameOf('generated-at-deploy')).toBe('generated')
    expect(await accepted.nameOf('added-later')).toBe('ci')
  })

  test('that is unknown has no name, nor has the digest of a known one', async () => {
    const accepted = keys()
    for (const key of ['', 'other', keyDigest('added-later'), 'generated-at-deploy ']) {
      expect(await accepted.nameOf(key)).toBeUndefined()
    }
  })

  test('is compared in constant time with every known one, whichever it is and however long', async () => {
    const accepted = keys()
    for (const key of ['generated-at-deploy', 'added-later', 'none', '', 'g', 'x'.repeat(100_000)]) {
      vi.mocked(timingSafeEqual).mockClear()
      await accepted.nameOf(key)
      const lengths = vi.mocked(timingSafeEqual).mock.calls.map((pair) => pair.map((each) => each.byteLength))
      expect(lengths).toEqual([
        [32, 32],
        [32, 32],
      ])
    }
  })

  test('that was revoked is refused within a minute, one that was added is taken within a minute', async () => {
    const accepted = keys()
    await accepted.nameOf('x')
    secret = JSON.stringify({ addedKeys: [{ name: 'new', sha256: keyDigest('brand-new') }] })
    nowMs += 60_000
    expect(await accepted.nameOf('generated-at-deploy')).toBeUndefined()
    expect(await accepted.nameOf('brand-new')).toBe('new')
  })
})

describe('the key secret', () => {
  test('is read once a minute, not once a request', async () => {
    const accepted = keys()
    for (let i = 0; i < 10; i++) await accepted.nameOf('other')
    expect(reads).toBe(1)
  })

  test('that cannot be read leaves known keys good for a quarter of an hour', async () => {
    const accepted = keys()
    await accepted.nameOf('added-later')
    failing = true
    nowMs += 60_000
    expect(await accepted.nameOf('added-later')).toBe('ci')
    nowMs += 15 * 60_000
    await expect(accepted.nameOf('added-later')).rejects.toMatchObject({ name: 'StorageError', transient: true })
  })

  test('that is damaged is reported without a word of its content', () => {
    for (const text of ['', '{', '{"generatedKey":5}', '{"addedKeys":[{"name":"a","sha256":"short-secret"}]}']) {
      expect(() => parseKeySecret(text)).toThrow(expect.objectContaining({ code: 'corrupt' }))
      expect(() => parseKeySecret(text)).not.toThrow(/short-secret/)
    }
  })
})
