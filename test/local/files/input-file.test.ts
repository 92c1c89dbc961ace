import {
  appendFileSync,
  createWriteStream,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  type InputFile,
  isDescriptor,
  namedFile,
  readInput,
  readStreamedText,
  readTexts,
  streamInput,
  streamPipe,
  writeText,
} from '../../../local/files/input-file.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'
import { makePipe, makeSocket } from './special-files.ts'

afterEach(closeDatabases)

const isLinux = process.platform === 'linux'
const textOf = async (input: InputFile, maxBytes = 100) => (await readInput(input, maxBytes)).toString()

function put(name: string, text: string | Uint8Array, folder = newFolder()): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

describe('a file', () => {
  test('is read at the limit, and refused one byte over it', async () => {
    const file = await namedFile(put('a', 'x'.repeat(10)))
    expect(await textOf(file, 10)).toBe('x'.repeat(10))
    await expect(textOf(file, 9)).rejects.toMatchObject({ code: 'file-too-large' })
  })

  test.runIf(isLinux)('that claims to be empty is read by what it holds, and refused by that', async () => {
    const file = await namedFile('/proc/self/maps')
    expect((await textOf(file, 1024 ** 2)).length).toBeGreaterThan(1000)
    await expect(textOf(file, 1000)).rejects.toMatchObject({ code: 'file-too-large' })
  })

  test('that a named link leads to is read, wherever it lies', async () => {
    const link = join(newFolder(), 'current')
    symlinkSync(put('release-42', 'text'), link)
    expect(await textOf(await namedFile(link))).toBe('text')
  })

  test('in a folder is read where it really lies in it, and not where a link leads out', async () => {
    const root = newFolder()
    const outside = put('secret', 'secret')
    symlinkSync(put('a/real', 'text', root), join(root, 'inner'))
    symlinkSync(outside, join(root, 'outer'))
    symlinkSync(join(outside, '..'), join(root, 'folder'))
    expect(await textOf({ file: join(root, 'inner'), root })).toBe('text')
    for (const name of ['outer', 'folder/secret', `../${outside.split('/').slice(-2).join('/')}`]) {
      await expect(textOf({ file: `${root}/${name}`, root })).rejects.toMatchObject({ code: 'outside-folder' })
    }
  })

  test('beside a folder is not in it, though its path begins alike', async () => {
    const root = put('a/b', '', newFolder())
    const beside = `${join(root, '..')}-beside`
    mkdirSync(beside)
    await expect(textOf({ file: put('c', '', beside), root: join(root, '..') })).rejects.toMatchObject({
      code: 'outside-folder',
    })
  })

  test('is read as it was when it was opened, though it grows meanwhile', async () => {
    const path = put('log', 'x'.repeat(1_000_000))
    const { size, chunks } = await streamInput(await namedFile(path))
    let read = 0
    for await (const chunk of chunks) {
      read += chunk.length
      appendFileSync(path, 'y'.repeat(1_000_000))
    }
    expect({ size, read }).toEqual({ size: 1_000_000, read: 1_000_000 })
  })
})

test.each([
  ['a pipe that nobody writes to', makePipe, 'it is a named pipe, not a file'],
  ['a socket', makeSocket, 'it is a socket, not a file'],
  ['a device', async () => '/dev/zero', 'it is a device, not a file'],
  ['a folder', async (path: string) => mkdirSync(path, { recursive: true }) ?? path, 'it is a folder, not a file'],
])('%s is refused without waiting, named or behind a link', async (_what, make, message) => {
  const root = newFolder()
  const path = await make(join(root, 'odd'))
  symlinkSync(path, join(root, 'link'))
  for (const file of [path, join(root, 'link')]) {
    await expect(readInput(await namedFile(file), 100)).rejects.toThrow(message)
    await expect(streamInput(await namedFile(file))).rejects.toThrow(message)
    await expect(writeText(await namedFile(file), 'x')).rejects.toThrow(message)
  }
})

/** Puts a file, then a link out of the folder, in turns in one place, as fast as it can. */
const SWAPPING = `
  const { renameSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
  const { root, outside, stop } = require('node:worker_threads').workerData
  mkdir = (name, make) => { make(root + '/' + name); renameSync(root + '/' + name, root + '/swapped') }
  while (Atomics.load(stop, 0) === 0) {
    mkdir('next', (path) => writeFileSync(path, 'inside'))
    mkdir('next', (path) => symlinkSync(outside, path))
  }
`

test('a link that is put in the place of a file between looking and opening is not followed', async () => {
  const root = newFolder()
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(SWAPPING, { eval: true, workerData: { root, outside: put('secret', 'secret'), stop } })
  onTestFinished(() => void worker.terminate())
  const seen = new Set<string>()
  const outcome = () => textOf({ file: join(root, 'swapped'), root }).catch(({ code }: NodeJS.ErrnoException) => code)
  for (let reads = 0; reads < 1_000 || (reads < 50_000 && !seen.has('outside-folder')); reads++)
    seen.add(String(await outcome()))
  Atomics.store(stop, 0, 1)
  expect(seen).toContain('outside-folder')
  expect(seen).not.toContain('secret')
})

test.runIf(isLinux)('a folder that is swapped for a link between looking and opening is not followed', async () => {
  const root = newFolder()
  const outside = put('deep/file', 'secret')
  put('real/file', 'inside', root)
  symlinkSync(join(outside, '..'), join(root, 'link'))
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const script = `
    const { renameSync } = require('node:fs')
    const { root, stop } = require('node:worker_threads').workerData
    while (Atomics.load(stop, 0) === 0) {
      for (const name of ['real', 'link']) {
        renameSync(root + '/' + name, root + '/deep')
        renameSync(root + '/deep', root + '/' + name)
      }
    }
  `
  const worker = new Worker(script, { eval: true, workerData: { root, stop } })
  onTestFinished(() => void worker.terminate())
  const seen = new Set<string>()
  for (let reads = 0; reads < 2_000; reads++) {
    const read = textOf({ file: join(root, 'deep/file'), root })
    seen.add(String(await read.catch(({ code }: NodeJS.ErrnoException) => code)))
  }
  Atomics.store(stop, 0, 1)
  expect(seen).not.toContain('secret')
})

describe('texts', () => {
  test('are read one by one, and one that cannot be read stops no other', async () => {
    const root = newFolder()
    const inputs = ['a', 'missing', 'latin1', 'b'].map((name) => ({ file: join(root, name), root }))
    for (const name of ['a', 'b']) put(name, name, root)
    put('latin1', Buffer.from([0xe4]), root)
    const read: unknown[] = []
    for await (const each of readTexts(inputs)) read.push('text' in each ? each.text : each.error.code)
    expect(read).toEqual(['a', 'ENOENT', 'not-text', 'b'])
  })
})

describe('writing', () => {
  test('replaces all of a file, makes one that is missing, and leaves no link in its place', async () => {
    const root = newFolder()
    const file = put('a', 'a long text', root)
    symlinkSync(file, join(root, 'link'))
    await writeText({ file: join(root, 'link'), root }, 'short')
    await writeText({ file: join(root, 'new'), root }, 'new')
    expect([readFileSync(file, 'utf8'), readFileSync(join(root, 'new'), 'utf8')]).toEqual(['short', 'new'])
  })

  test('through a link out of the folder is refused, also where nothing is there yet', async () => {
    const root = newFolder()
    const outside = put('theirs', 'theirs')
    symlinkSync(outside, join(root, 'link'))
    symlinkSync(`${outside}-new`, join(root, 'dangling'))
    symlinkSync(join(outside, '..'), join(root, 'folder'))
    for (const name of ['link', 'dangling', 'folder/theirs', 'folder/new']) {
      await expect(writeText({ file: join(root, name), root }, 'ours')).rejects.toThrow()
    }
    expect(readFileSync(outside, 'utf8')).toBe('theirs')
    expect(() => readFileSync(`${outside}-new`)).toThrow('ENOENT')
    expect(() => readFileSync(join(outside, '../new'))).toThrow('ENOENT')
  })
})

describe('a pipe that a person names', () => {
  test('is read to its end, which is where its writer closes it', async () => {
    const path = makePipe(join(newFolder(), 'pipe'))
    const { chunks } = streamPipe(path)
    const writer = createWriteStream(path)
    writer.write('one ')
    writer.end('two')
    expect(await bytesOf(chunks)).toBe('one two')
  })

  test('is read as text, and no further than a file', async () => {
    const path = makePipe(join(newFolder(), 'pipe'))
    const text = readStreamedText(streamPipe(path).chunks)
    const writer = createWriteStream(path).on('error', () => {})
    for (let sent = 0; sent <= 64; sent++) writer.write(Buffer.alloc(1024 * 1024, 'x'))
    writer.end()
    await expect(text).rejects.toMatchObject({ code: 'file-too-large' })
  })

  test('is a descriptor where a shell made it', () => {
    const named = ['/dev/fd/63', '/dev/stdin', '/proc/self/fd/3', '/tmp/pipe', '/dev/fd/../zero', '/dev/zero']
    expect(named.filter(isDescriptor)).toEqual(['/dev/fd/63', '/dev/stdin', '/proc/self/fd/3'])
  })
})

test('a file that is replaced while it is open is read as it was', async () => {
  const root = newFolder()
  const file = put('a', 'before', root)
  const { chunks } = await streamInput({ file, root })
  renameSync(put('b', 'after', root), file)
  expect(await bytesOf(chunks)).toBe('before')
  rmSync(file)
})
