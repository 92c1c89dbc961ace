import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type FindLimits, findFiles } from '../../../local/files/find-files.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'
import { makePipe, makeSocket } from './special-files.ts'

afterEach(closeDatabases)

const isRules = (name: string) => name.endsWith('.rules')
const LIMITS: FindLimits = { depth: 32, names: 200_000, files: 20_000 }

function put(root: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), name)
  }
}

/** Paths below the root, found or with what is wrong with them. */
async function find(root: string, limits = LIMITS, paths: readonly string[] = [root]) {
  const { found, unread } = await findFiles(paths, isRules, limits)
  const below = (file: string) => relative(root, file)
  return {
    found: found.map(({ file }) => below(file)),
    unread: unread.map(({ file, error }) => `${below(file)}: ${error.code} ${error.message}`),
  }
}

test('what has the name of a file and is none is named, wherever it lies; what has another name is passed over', async () => {
  const root = newFolder()
  put(root, 'a.rules', 'notes.md', 'folder.rules/b.rules')
  for (const name of ['pipe.rules', 'pipe']) makePipe(join(root, name))
  for (const name of ['socket.rules', 'socket']) await makeSocket(join(root, name))
  for (const name of ['device.rules', 'device']) symlinkSync('/dev/zero', join(root, name))
  const { found, unread } = await find(root)
  expect(found).toEqual(['a.rules', 'folder.rules/b.rules'])
  expect(unread.map((line) => line.replace(/ out of .*/, ''))).toEqual([
    'device.rules: outside-folder it leads',
    'pipe.rules: not-a-file it is a named pipe, not a file',
    'socket.rules: not-a-file it is a socket, not a file',
  ])
})

test('links are followed to what lies in the folder and would be found there, each file once', async () => {
  const root = newFolder()
  put(root, 'a.rules', 'real/b.rules', '..data/c.rules', '.git/config', '.git/d.rules', 'key.json')
  const links = {
    'again.rules': 'a.rules',
    'again-and-again.rules': 'again.rules',
    'c.rules': '..data/c.rules',
    circle: '.',
    'circle.rules': 'circle.rules',
    'config.rules': '.git/config',
    'd.rules': '.git/d.rules',
    git: '.git',
    'json.rules': 'key.json',
    linked: 'real',
    'missing.rules': 'nowhere',
    missing: 'nowhere',
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name))
  expect(await find(root)).toEqual({
    found: ['a.rules', 'c.rules', 'linked/b.rules'],
    unread: [
      expect.stringMatching(/^circle\.rules: ELOOP/),
      'config.rules: not-a-file it leads to a hidden file',
      'd.rules: not-a-file it leads to a hidden file',
      'git: not-a-file it leads to a hidden file',
      'json.rules: not-a-file it leads to a file of another name',
      expect.stringMatching(/^missing\.rules: ENOENT/),
    ],
  })
})

test('a link out of the folder is named, to a file or a folder, and followed where it was named itself', async () => {
  const outside = newFolder()
  put(outside, 'release/a.rules', 'secret', 'b.rules')
  const root = newFolder()
  symlinkSync(join(outside, 'secret'), join(root, 'secret.rules'))
  symlinkSync(join(outside, 'secret'), join(root, 'secret'))
  symlinkSync(join(outside, 'release'), join(root, 'current'))
  symlinkSync(`../${relative(join(root, '..'), join(outside, 'b.rules'))}`, join(root, 'b.rules'))
  const { found, unread } = await find(root)
  expect(found).toEqual([])
  expect(unread).toEqual(
    ['b.rules', 'current', 'secret.rules'].map((name) => `${name}: outside-folder it leads out of ${root}`),
  )
  expect(await find(root, LIMITS, [join(root, 'current'), join(root, 'b.rules')])).toEqual({
    found: ['current/a.rules', 'b.rules'],
    unread: [],
  })
})

test('a folder is searched up to its limits, and named one beyond', async () => {
  const root = newFolder()
  put(root, 'a.rules', 'b/c.rules', 'b/notes.md', 'b/d/e.rules')
  // Six names, three files, two folders deep below the root.
  expect((await find(root, { depth: 3, names: 6, files: 3 })).unread).toEqual([])
  const beyond = async (limits: Partial<FindLimits>) =>
    (await find(root, { depth: 3, names: 6, files: 3, ...limits })).unread
  expect(await beyond({ names: 5 })).toEqual([': too-many-files it holds more than 5 names, with all below'])
  expect(await beyond({ files: 2 })).toEqual([': too-many-files it holds more than 2 of them'])
  expect(await beyond({ depth: 2 })).toEqual(['b/d: too-deep it is nested more than 2 folders deep'])
})

test('a name may hold any character that a file system takes', async () => {
  const root = newFolder()
  const names = ['\u001b[31m.rules', 'line\nbreak.rules', 'space .rules', '\u202e.rules', '-.rules']
  put(root, ...names)
  expect((await find(root)).found).toEqual(names.toSorted())
})

test.runIf(process.platform === 'linux')('a name that is no UTF-8 is named, since it cannot be opened', async () => {
  const root = newFolder()
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff]), Buffer.from('.rules')]), '')
  expect(await find(root)).toEqual({ found: [], unread: ['\ufffd.rules: not-a-file its name is no UTF-8'] })
})
