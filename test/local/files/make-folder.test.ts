import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeFolder, PRIVATE } from '../../../local/files/make-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'betrace-make-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a folder is made with those above it, and may be there already', () => {
  const deep = join(folder, 'a', 'b', 'c')
  makeFolder(deep)
  makeFolder(deep)
  makeFolder(`${deep}/`)
  expect(statSync(deep).isDirectory()).toBe(true)
})

test('a folder is private where it is to be, those above it and those that are there are left as they are', () => {
  const deep = join(folder, 'a', 'b')
  const modeOf = (path: string) => statSync(path).mode & 0o777
  makeFolder(deep, PRIVATE)
  expect(modeOf(deep)).toBe(0o700)
  expect(modeOf(join(folder, 'a'))).toBe(0o777 & ~process.umask())
  makeFolder(join(folder, 'a'), PRIVATE)
  expect(modeOf(join(folder, 'a'))).toBe(0o777 & ~process.umask())
})

test('a folder cannot be made in place of a file, nor below one', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(() => makeFolder(file)).toThrow('EEXIST')
  expect(() => makeFolder(join(file, 'below'))).toThrow('ENOTDIR')
})

test.runIf(existsSync('/proc/self'))('a folder where the file system takes none is an error at once', () => {
  expect(() => makeFolder('/proc/betrace/data')).toThrow(/ENOENT|EACCES|EPERM/)
})
