import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makePipe, makeSocket } from '../local/files/special-files.ts'
import { closeDatabases, newFolder } from '../local/sqlite/databases.ts'
import { runInProcess } from './fake-terminal.ts'
import { jsonRequest } from './otlp.ts'

/* What a stranger's pull request may put into a folder of rules that a build then checks. */

afterEach(closeDatabases)

const SECRET = 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI'
const RULE = '// Signal: A (high)\ntrace.has(a)\n'

function put(folder: string, name: string, text: string): string {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** A checkout with a rule and a secret beside it; `secret` is its path. */
function checkout() {
  const around = newFolder()
  const folder = join(around, 'checkout')
  put(folder, 'rules/a.rules', RULE)
  put(folder, '.git/config', SECRET)
  return { folder, rules: join(folder, 'rules'), secret: put(around, 'runner/secret.yml', SECRET) }
}

/** Runs a command and looks that it tells nothing of the secret. */
async function run(...args: readonly string[]) {
  const { exitCode, out, err } = await runInProcess(args)
  expect(out + err).not.toContain('wJalr')
  return { exitCode, out, err }
}

const ODD: readonly (readonly [string, (path: string, secret: string) => unknown, RegExp])[] = [
  ['a pipe', (path) => makePipe(path), /it is a named pipe/],
  ['a socket', (path) => makeSocket(path), /it is a socket/],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path), /it leads out of/],
  ['a link to the environment', (path) => symlinkSync('/proc/self/environ', path), /it leads out of/],
  ['a link to a secret', (path, secret) => symlinkSync(secret, path), /it leads out of/],
  [
    'a link to a link to a secret',
    (path, secret) => [symlinkSync(secret, `${path}.1`), symlinkSync(`${path}.1`, path)],
    /it leads out of/,
  ],
  ['a link to a secret of the checkout', (path) => symlinkSync('../.git/config', path), /it leads/],
  ['a link to itself', (path) => symlinkSync(path, path), /circle/],
  ['a link to nothing', (path) => symlinkSync('nowhere', path), /no such file/],
]

describe.each(ODD)('a folder of rules with %s in a rule file’s place', (_what, make, message) => {
  test.each([
    ['check', '.rules'],
    ['check', '.yaml'],
    ['fmt', '.rules'],
    ['test', '.rules'],
    ['test', '.test.yaml'],
  ])('%s (…%s) ends with exit code 2 and names it', async (command, ending) => {
    const { rules, secret } = checkout()
    await make(join(rules, `odd${ending}`), secret)
    const { exitCode, err } = await run(command, rules)
    expect(exitCode).toBe(2)
    expect(err).toContain(`odd${ending}`)
    expect(err).toMatch(message)
  })
})

test('a link to a hidden file of the checkout is named by a check of all of it', async () => {
  const { folder, rules } = checkout()
  symlinkSync('../.git/config', join(rules, 'odd.rules'))
  expect(await run('check', folder)).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('leads to a hidden file'),
  })
})

test('a link that is named itself is followed, and a release may be switched by it', async () => {
  const { folder } = checkout()
  put(folder, 'releases/42/a.rules', RULE)
  symlinkSync('releases/42', join(folder, 'current'))
  expect(await run('check', join(folder, 'current'))).toMatchObject({ exitCode: 0 })
})

describe('a file of tests', () => {
  test.each([
    ['a secret', (secret: string) => secret, 'it leads out of'],
    ['the environment', () => '/proc/self/environ', 'it is not named as rule files are'],
    ['a secret that lies nowhere', () => '/nowhere/secret.yml', 'no such file'],
    ['a hidden file', () => '../.git/config', 'it is not named as rule files are'],
    ['a link to a hidden file', () => '../config.yml', 'it leads to a hidden file'],
    ['a pipe', () => '../pipe.rules', 'it is a named pipe'],
  ])('that names %s as its rules gets an error that says so, and nothing of it', async (_what, path, message) => {
    const { folder, rules, secret } = checkout()
    symlinkSync('.git/config', join(folder, 'config.yml'))
    makePipe(join(folder, 'pipe.rules'))
    const text = `rules: ${JSON.stringify(path(secret))}\ntests: [{name: a, trace: a, signals: []}]\n`
    const file = put(folder, 'rules/b.test.yaml', text)
    const { exitCode, err } = await run('test', file)
    expect(exitCode).toBe(2)
    expect(err).toContain(message)
    expect(await run('test', rules)).toMatchObject({ exitCode: 2 })
  })

  test('may name rules beside its folder where that, or the folder around both, was named', async () => {
    const { folder } = checkout()
    const text = 'rules: ../rules/a.rules\ntests: [{name: a, trace: b, signals: []}]\n'
    const file = put(folder, 'tests/b.test.yaml', text)
    expect(await run('test', file)).toMatchObject({ exitCode: 0 })
    expect(await run('test', folder)).toMatchObject({ exitCode: 0 })
    expect(await run('test', join(folder, 'tests'), join(folder, 'rules'))).toMatchObject({ exitCode: 0 })
    const alone = await run('test', join(folder, 'tests'))
    expect(alone).toMatchObject({ exitCode: 2, err: expect.stringContaining('it leads out of') })
    expect(alone.err).toContain('name what it leads to as well')
  })

  test.each([
    ['a file outside', () => '../../runner/secret.yml', 'it leads out of'],
    ['a pipe', () => 'pipe.json', 'it is a named pipe'],
    ['a device', () => `${'../'.repeat(20)}dev/zero`, 'it leads out of'],
    ['standard input', () => '-', 'no such file'],
  ])('that names %s as its trace gets an error that says so', async (_what, path, message) => {
    const { folder } = checkout()
    makePipe(join(folder, 'rules/pipe.json'))
    const file = JSON.stringify(path())
    put(folder, 'rules/a.test.yaml', `tests: [{name: a, file: ${file}, signals: []}]\n`)
    const { exitCode, err } = await run('test', join(folder, 'rules'))
    expect(exitCode).toBe(2)
    expect(err).toContain(message)
  })
})

describe('a file of traces', () => {
  test.each([
    ['a socket', (path: string) => makeSocket(path), 'it is a socket'],
    ['a link to a device', (path: string) => symlinkSync('/dev/zero', path), 'it is a device'],
    ['a folder', (path: string) => mkdirSync(path), 'it is a folder, not a file'],
  ])('that is %s is named, and the others are judged', async (_what, make, message) => {
    const { folder, rules } = checkout()
    await make(join(folder, 'odd'))
    const traces = put(folder, 'traces.json', JSON.stringify(jsonRequest('one', [{ name: 'a' }])))
    const { exitCode, out, err } = await run('eval', '-r', rules, '-f', 'jsonl', join(folder, 'odd'), traces)
    expect(exitCode).toBe(2)
    expect(err).toContain(message)
    expect(out).toContain('"signal":"A"')
  })

  test('that is a pipe is read to its end', async () => {
    const { folder, rules } = checkout()
    const path = makePipe(join(folder, 'pipe'))
    const evaluated = run('eval', '-r', rules, '-f', 'jsonl', path)
    const { writeFile } = await import('node:fs/promises')
    await writeFile(path, JSON.stringify(jsonRequest('one', [{ name: 'a' }])))
    expect(await evaluated).toMatchObject({ exitCode: 1, out: expect.stringContaining('"signal":"A"') })
  })
})

test('fmt writes through no link that leads out, and through none that was put there meanwhile', async () => {
  const { folder, rules } = checkout()
  const unformatted = '// Signal: B (high)\ntrace.has( b )\n'
  const outside = put(folder, 'theirs.rules', unformatted)
  symlinkSync(outside, join(rules, 'b.rules'))
  expect(await run('fmt', rules)).toMatchObject({ exitCode: 2 })
  expect(readFileSync(outside, 'utf8')).toBe(unformatted)
  expect(await run('fmt', join(rules, 'b.rules'))).toMatchObject({ exitCode: 0 })
  expect(readFileSync(outside, 'utf8')).toBe('// Signal: B (high)\ntrace.has(b)\n')
})

test.each([
  ['a pipe', (path: string) => makePipe(path), 'it is a named pipe'],
  ['a device', (path: string) => symlinkSync('/dev/full', path), 'it is a device'],
])('serve writes its signals to a file, not to %s', async (_what, make, message) => {
  const { folder, rules } = checkout()
  await make(join(folder, 'signals'))
  const { exitCode, err } = await run(
    'serve',
    '-p',
    '0',
    '-r',
    rules,
    '-d',
    join(folder, 'data'),
    '--jsonl',
    join(folder, 'signals'),
  )
  expect(exitCode).toBe(2)
  expect(err).toContain(message)
  expect(err).toContain('- for standard output')
})

describe('a data folder', () => {
  test.each(['lock', 'betrace.db', 'betrace.db-wal', 'betrace.db-shm', 'betrace.db-promised'])(
    'with a pipe for its %s is refused',
    async (name) => {
      const { folder, rules } = checkout()
      const data = join(folder, 'data')
      mkdirSync(data)
      makePipe(join(data, name))
      put(data, 'betrace.db.', '')
      for (const args of [
        ['serve', '-p', '0', '-r', rules, '-d', data],
        ['forget', '--trace', '0'.repeat(32), '-d', data],
      ]) {
        const { exitCode, err } = await run(...args)
        expect({ exitCode, err }).toEqual({
          exitCode: 2,
          err: expect.stringContaining(`${name} is in the way: it is a named pipe`),
        })
      }
    },
  )

  test.each(['archive', 'archive-journal'])('with a file or a pipe for its %s is refused', async (name) => {
    const { folder, rules } = checkout()
    const piped = join(folder, 'piped')
    mkdirSync(piped)
    makePipe(join(piped, name))
    put(folder, `data/${name}`, '')
    for (const data of [piped, join(folder, 'data')]) {
      for (const args of [
        ['serve', '-p', '0', '-r', rules],
        ['forget', '--trace', '0'.repeat(32)],
        ['verify', '--from', '-1h', '-r', rules],
      ]) {
        const { exitCode, err } = await run(...args, '-d', data)
        expect({ exitCode, err }).toEqual({
          exitCode: 2,
          err: expect.stringContaining(`${name} is in the way: it is a`),
        })
      }
    }
  })

  test('with a pipe, a device or a link out of it in its archive is replayed without them, and they are named', async () => {
    const { folder, rules, secret } = checkout()
    const hour = join(folder, 'data/archive/spans/dt=2026-01-01/hour=00')
    mkdirSync(hour, { recursive: true })
    const key = (digit: string) => `w-${digit.repeat(32)}.parquet`
    makePipe(join(hour, key('1')))
    symlinkSync('/dev/zero', join(hour, key('2')))
    symlinkSync(secret, join(hour, key('3')))
    const range = ['--from', '2026-01-01', '--to', '2026-01-02', '-r', rules, '-d', join(folder, 'data')]
    const { exitCode, out } = await run('replay', ...range, '--format', 'json')
    expect(exitCode).toBe(2)
    expect(JSON.parse(out).failures.map(({ reason }: { reason: string }) => reason)).toEqual([
      'it has only 0 bytes',
      'it has only 0 bytes',
      expect.stringMatching(/^it leads out of /),
    ])
    const compacted = await run('compact', '--from', '2026-01-01', '--to', '2026-01-02', '-d', join(folder, 'data'))
    expect(compacted).toMatchObject({ exitCode: 2, err: expect.stringContaining('it leads out of') })
  })

  test('with a pipe for a journal is not forgotten from, nor read by a verdict, and it is named', async () => {
    const { folder, rules } = checkout()
    const data = join(folder, 'data')
    mkdirSync(join(data, 'archive-journal'), { recursive: true })
    makePipe(join(data, 'archive-journal/1.journal'))
    const forgotten = await run('forget', '--trace', '0'.repeat(32), '-d', data)
    const verified = await run('verify', '--from', '2026-01-01', '--to', '2026-01-02', '-r', rules, '-d', data)
    for (const { exitCode, err } of [forgotten, verified]) {
      expect({ exitCode, err }).toEqual({ exitCode: 2, err: expect.stringContaining('it is a named pipe, not a file') })
      expect(err).not.toContain('please report')
    }
  })
})
