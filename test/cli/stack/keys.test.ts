import { beforeEach, describe, expect, test } from 'vitest'
import { keyDigest } from '../../../shared/aws/keys/api-keys.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { account } = deployed()
const GENERATED = 'generated-at-deploy-0123456789'
beforeEach(() => {
  account().secret = { id: 'v1', text: JSON.stringify({ generatedKey: GENERATED, addedKeys: [] }) }
})

const keys = (...args: readonly string[]) => runInProcess(['keys', ...args])
const stored = () => JSON.parse(account().secret.text) as { addedKeys: object[]; generatedKey?: string }

describe('betrace keys', () => {
  test('adds a key that is printed once and kept as a digest', async () => {
    const { exitCode, out, err } = await keys('add', 'checkout')
    expect(exitCode, err).toBe(0)
    expect(out).toMatch(/^bt_[\w-]{40}\n$/)
    expect(stored()).toEqual({
      generatedKey: GENERATED,
      addedKeys: [{ name: 'checkout', sha256: keyDigest(out.trim()) }],
    })
    expect(account().secret.text).not.toContain(out.trim())
  })

  test('lists all keys that are valid at once, by name', async () => {
    await keys('add', 'checkout')
    await keys('add', 'search')
    expect(await keys('list')).toMatchObject({ exitCode: 0, out: 'generated\ncheckout\nsearch\n' })
  })

  test('revokes the generated key as well as added ones, and no other', async () => {
    await keys('add', 'checkout')
    await keys('add', 'search')
    await keys('revoke', 'generated')
    await keys('revoke', 'checkout')
    expect((await keys('list')).out).toBe('search\n')
    expect(stored().generatedKey).toBeUndefined()
  })

  test('keeps the last key unless told otherwise', async () => {
    expect(await keys('revoke', 'generated')).toMatchObject({ exitCode: 2, err: expect.stringContaining('--last') })
    expect((await keys('revoke', 'generated', '--last')).exitCode).toBe(0)
    expect((await keys('list')).out).toBe('')
  })

  test('refuses a name that is taken, bad or unknown, and says which there are', async () => {
    expect(await keys('add', 'generated')).toMatchObject({ exitCode: 2, err: expect.stringContaining('generated') })
    expect((await keys('add', 'No Such')).err).toContain('lower-case')
    expect((await keys('revoke', 'none')).err).toContain('there are: generated')
  })

  test('undoes nobody who changes keys at the same time', async () => {
    const theirs = { id: 'theirs', text: JSON.stringify({ addedKeys: [] }) }
    account().beforeMove = () => {
      account().secret = theirs
    }
    const { exitCode, out, err } = await keys('add', 'mine')
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toContain('run the command again')
    expect(account().secret).toBe(theirs)
  })

  test('shows the generated key for a shell, and says what to do once it is revoked', async () => {
    expect((await keys('show')).out).toBe(`${GENERATED}\n`)
    await keys('revoke', 'generated', '--last')
    expect(await keys('show')).toMatchObject({ exitCode: 2, err: expect.stringContaining('betrace keys add') })
  })
})

/** Occurs in every key of a secret that holds some. */
const SECRET = 'zqsecret'
const PLAIN = `${SECRET}-generated-0123456789`
const ADDED = `${SECRET}-added-0123456789`

describe('of the keys of a stack', () => {
  const damaged = `${SECRET} {"generatedKey": "${PLAIN}"`
  const secret = { generatedKey: PLAIN, addedKeys: [{ name: 'ci', sha256: keyDigest(ADDED) }] }

  test('none is shown but by the commands that are to show one, once, on standard output alone', async () => {
    const shows = [
      ['keys', 'show'],
      ['connect', '--show-key'],
    ]
    const silent = [
      ['keys', 'list'],
      ['connect'],
      ['connect', '--for', 'collector'],
      ['keys', 'revoke', 'ci'],
      ['keys', 'revoke', 'none'],
    ]
    for (const command of [...shows, ...silent]) {
      account().secret = { id: 'v1', text: JSON.stringify(secret) }
      const { out, err } = await runInProcess(command)
      expect([command, out.split(PLAIN).length - 1]).toEqual([command, shows.includes(command) ? 1 : 0])
      for (const hidden of [ADDED, keyDigest(ADDED), keyDigest(PLAIN)]) expect(out + err).not.toContain(hidden)
      expect(err).not.toContain(SECRET)
    }
  })

  test('none is shown where the secret is damaged', async () => {
    for (const command of [
      ['keys', 'list'],
      ['keys', 'add', 'x'],
      ['keys', 'revoke', 'ci'],
      ['keys', 'show'],
      ['connect', '--show-key'],
    ]) {
      account().secret = { id: 'v1', text: damaged }
      const { exitCode, out, err } = await runInProcess(command)
      expect([command, exitCode]).toEqual([command, 2])
      expect(out + err).not.toContain(SECRET)
    }
  })

  test('an added one is shown by nothing after it was made', async () => {
    account().secret = { id: 'v1', text: JSON.stringify(secret) }
    const { out, err } = await runInProcess(['keys', 'add', 'fresh'])
    const key = out.trim()
    expect(err).not.toContain(key)
    for (const command of [
      ['keys', 'list'],
      ['keys', 'show'],
      ['connect', '--show-key'],
    ]) {
      const later = await runInProcess(command)
      expect(later.out + later.err).not.toContain(key)
      expect(later.out + later.err).not.toContain(keyDigest(key))
    }
  })
})
