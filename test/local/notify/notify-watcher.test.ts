import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { localReferences } from '../../../local/notify/local-references.ts'
import { NotifyWatcher } from '../../../local/notify/notify-watcher.ts'
import { RUNBOOK } from '../../../local/server/runbook.ts'
import { noticeOf } from '../../incidents/notices.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'

afterEach(closeDatabases)

const webhook = (name: string, url = `https://${name}.example`) =>
  `version: 1\nreceivers:\n  ${name}:\n    type: webhook\n    url: ${url}\n`

async function open(text: string, env: Readonly<Record<string, string>> = {}) {
  const folder = newFolder()
  const file = join(folder, 'notify.yaml')
  const write = (changed: string, name = 'notify.yaml') => writeFileSync(join(folder, name), changed)
  write(text.replaceAll('FOLDER', folder))
  const logged: string[] = []
  const watcher = await NotifyWatcher.open(file, {
    references: localReferences(env),
    clock: () => 1_764_000_000_000,
    log: (level, message) => void logged.push(`${level} ${message}`),
  })
  /** Two looks: a change is read when it has settled. */
  const settle = async () => {
    await watcher.poll()
    await watcher.poll()
  }
  const names = () => [...watcher.current().receivers.keys()]
  return { folder, file, write, watcher, settle, names, logged }
}

describe('a file of receivers', () => {
  test('is read again when it changes', async () => {
    const { write, settle, names, logged } = await open(webhook('one'))
    expect(names()).toEqual(['one'])
    write(webhook('two'))
    await settle()
    expect(names()).toEqual(['two'])
    expect(logged).toEqual(['info the file of receivers was read again'])
  })

  test('is not read while it is still being written', async () => {
    const { write, watcher, names } = await open(webhook('one'))
    write('version: 1\nreceiv')
    await watcher.poll()
    write(webhook('two'))
    await watcher.poll()
    await watcher.poll()
    expect(names()).toEqual(['two'])
    expect(watcher.problem()).toBeUndefined()
  })

  test('with problems leaves what was read before in use, and says so', async () => {
    const { file, write, watcher, settle, names, logged } = await open(webhook('one'))
    write('version: 2\nreceivers: {}\n')
    await settle()
    expect(names()).toEqual(['one'])
    expect(watcher.problem()).toBe(
      `${file}:1:10: this version of the file is not known, and 1 more; betrace notify check ${file} shows how to correct it, what was read before stays in use until then (${RUNBOOK.notify})`,
    )
    expect(logged).toEqual(['error the file of receivers has problems'])
    await settle()
    expect(logged).toHaveLength(1)
    write(webhook('three'))
    await settle()
    expect([names(), watcher.problem()]).toEqual([['three'], undefined])
  })

  test('that is gone leaves what was read before in use', async () => {
    const { file, watcher, settle, names } = await open(webhook('one'))
    rmSync(file)
    await settle()
    expect(names()).toEqual(['one'])
    expect(watcher.problem()).toContain('cannot be read: it does not exist; put it back')
  })

  test('is read again when a file changes that it refers to', async () => {
    const folder = newFolder()
    const key = join(folder, 'key')
    writeFileSync(key, 'https://old.example\n')
    const { watcher, settle } = await open(webhook('one', `\${file:${key}}`))
    const target = async () => {
      let url = ''
      await watcher
        .current()
        .receivers.get('one')
        ?.tell(noticeOf(), undefined, async (request) => {
          url = 'url' in request ? request.url : ''
          return { status: 200, body: '' }
        })
      return url
    }
    expect(await target()).toBe('https://old.example')
    writeFileSync(key, 'https://new-one.example\n')
    await settle()
    expect(await target()).toBe('https://new-one.example')
  })

  test('is read again when a file comes that it refers to', async () => {
    const { folder, write, settle, names, watcher } = await open(webhook('one'))
    write(webhook('two', `\${file:${join(folder, 'key')}}`))
    await settle()
    expect(watcher.problem()).toContain('it does not exist')
    write('https://two.example', 'key')
    await settle()
    expect([names(), watcher.problem()]).toEqual([['two'], undefined])
  })
})

describe('a start', () => {
  test('without a file, with a bad one or with an unset variable is refused', async () => {
    const message = async (text: string) => open(text).then(String, (error: Error) => error.message)
    expect(await message('version: 1\n')).toContain('notify.yaml:1:1: the file names no receivers')
    expect(await message(webhook('one', `\${HOOK_URL}`))).toContain(
      'notify.yaml:5:10: the variable HOOK_URL is not set',
    )
    expect(await message(webhook('one', `\${file:FOLDER/none}`))).toContain('cannot be read: it does not exist')
    expect(await message(webhook('one', `\${file:FOLDER}`))).toContain('cannot be read: it is a folder, not a file')
    expect(await message(webhook('one', `\${secret:hook}`))).toContain('secrets of AWS are read on AWS alone')
  })

  test('uses the environment it is given', async () => {
    const { names } = await open(webhook('one', `\${HOOK_URL}`), { HOOK_URL: 'https://a.example' })
    expect(names()).toEqual(['one'])
  })
})
