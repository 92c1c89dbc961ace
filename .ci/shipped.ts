import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

type Versions = Readonly<Record<string, string>>

/** package.json, as far as it is looked at. */
export interface Manifest {
  readonly dependencies: Versions
  readonly devDependencies: Versions
  readonly engines: { readonly node: string }
  readonly scripts: Versions
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly overrides?: unknown
}

/** An entry of package-lock.json, as far as it is looked at. */
export interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly license?: string
  readonly link?: boolean
  /** Inside of the tarball of the package above it, whose hash covers it. */
  readonly inBundle?: boolean
  readonly hasInstallScript?: boolean
  readonly bin?: Versions
  readonly optional?: boolean
  readonly os?: string | readonly string[]
  readonly libc?: readonly string[]
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Versions
  readonly optionalDependencies?: Versions
  readonly peerDependencies?: Versions
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

type Lock = Readonly<Record<string, Locked>>

const read = (...parts: readonly string[]) => readFileSync(join(ROOT, ...parts), 'utf8')

export const manifest: Manifest = JSON.parse(read('package.json'))
/** By the path below which a package lies. */
export const lock: Lock = packagesOf('package-lock.json')
/** The Node that check-package tries the packed package on. */
export const oldestNodeLock: Lock = packagesOf('.ci/node-22/package-lock.json')

function packagesOf(path: string): Lock {
  return JSON.parse(read(path)).packages
}

/**
 * Paths in package-lock.json of what ships: all that the command depends on, and the development dependencies that are
 * bundled into the functions, with theirs.
 */
export function shippedPackages(): readonly string[] {
  const files = readdirSync(join(ROOT, 'lambdas'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const imported = files.flatMap((file) => importsOf(read('lambdas', file)))
  const bundled = Object.keys(manifest.devDependencies).filter((name) => imported.includes(name))
  const reached = new Set<string>()
  const waiting = [...Object.keys(manifest.dependencies), ...bundled].map((name) => ({ from: '', name }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const path = placeOf(next.from, next.name)
    if (path === undefined || reached.has(path)) continue
    reached.add(path)
    waiting.push(...neededBy(lock[path] as Locked).map((name) => ({ from: path, name })))
  }
  return [...reached].sort()
}

/** Packages from which a module imports more than types. */
function importsOf(text: string): readonly string[] {
  const imports = text.matchAll(/^import (?!type )[^;]*?from '((?:@[\w-]+\/)?[a-z][\w-]*)[^']*'/gm)
  return [...imports].map(([, name = '']) => name)
}

function neededBy(found: Locked): readonly string[] {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = found
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
  return [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]
}

/** Where Node finds a package from another: beside it, or beside one of those that it lies in. */
function placeOf(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (lock[path] !== undefined) return path
    if (folder === '') return undefined
  }
}
