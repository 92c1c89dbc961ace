import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from '../../.ci/shipped.ts'

let modules: string

beforeEach(() => {
  modules = mkdtempSync(join(tmpdir(), 'betrace-modules-'))
})

afterEach(() => rmSync(modules, { recursive: true, force: true }))

const link = (...flags: readonly string[]) =>
  spawnSync(process.execPath, [...flags, join(ROOT, '.ci', 'link-node.js'), modules], { encoding: 'utf8' })

describe('without the Node of the lockfile', () => {
  test('npm ci ends with one line that says what to do where Node cannot run TypeScript', () => {
    const { status, stderr } = link('--no-experimental-strip-types')
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^The sources need Node\.js 22\.18 or newer, and this is [\d.]+ \(.+\): install Node 24, .+\n$/,
    )
  })

  test('npm ci says and changes nothing where Node can', () => {
    expect(link()).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(join(modules, '.bin', 'node'))).toBe(false)
  })
})

describe('with the Node of the lockfile', () => {
  const name = `node-${process.platform}-${process.arch}`
  const shown = join('..', name, 'bin', 'node')

  beforeEach(() => {
    mkdirSync(join(modules, name, 'bin'), { recursive: true })
    writeFileSync(join(modules, name, 'bin', 'node'), '')
  })

  test('npm ci links it, whatever Node it runs on', () => {
    expect(link('--no-experimental-strip-types')).toMatchObject({ status: 0, stderr: '' })
    expect(readlinkSync(join(modules, '.bin', 'node'))).toBe(shown)
  })

  test('npm ci replaces a link that leads to another', () => {
    mkdirSync(join(modules, '.bin'))
    symlinkSync('elsewhere', join(modules, '.bin', 'node'))
    expect(link().status).toBe(0)
    expect(readlinkSync(join(modules, '.bin', 'node'))).toBe(shown)
  })
})
