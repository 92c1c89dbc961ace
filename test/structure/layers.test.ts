import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { normalize } from 'node:path/posix'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

const CORE = [
  'shared/errors.ts',
  'shared/concurrency',
  'shared/otlp',
  'shared/trace',
  'shared/catalogue',
  'shared/rules',
  'shared/text',
  'shared/pipeline',
]
const SHARED = [...CORE, 'shared/archive', 'shared/replay', 'shared/experiments', 'shared/incidents']

/** The layers that a layer may import from beside itself. The longest entry that a file lies under is its layer. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'shared/errors.ts': [],
  'shared/concurrency': [],
  'shared/text': ['shared/errors.ts', 'shared/rules', 'shared/pipeline'],
  'shared/otlp': ['shared/errors.ts', 'shared/text', 'shared/catalogue'],
  'shared/trace': ['shared/errors.ts', 'shared/otlp'],
  'shared/catalogue': [],
  'shared/rules': ['shared/errors.ts', 'shared/trace', 'shared/catalogue', 'shared/text', 'grammar/generated'],
  'shared/archive': ['shared/errors.ts', 'shared/concurrency', 'shared/otlp', 'shared/trace', 'shared/catalogue'],
  'shared/pipeline': CORE,
  'shared/replay': [...CORE, 'shared/archive'],
  'shared/experiments': [...CORE, 'shared/archive', 'shared/replay'],
  'shared/incidents': CORE,
  'shared/aws': SHARED,
  local: SHARED,
  lambdas: [...SHARED, 'shared/aws'],
  infra: [...SHARED, 'shared/aws'],
  cli: [...SHARED, 'shared/aws', 'local'],
}

/** What only some places may import: a package, a module of Node, or the generated parser. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk': ['shared/aws'],
  '@smithy': ['shared/aws'],
  'node:sqlite': ['local'],
  hyparquet: ['shared/archive'],
  'aws-cdk-lib': ['infra'],
  'grammar/generated': ['shared/rules/read/parse.ts'],
}

/** The pure layers know no clock, file, socket or environment; of Node they use only these modules. */
const PURE_NODE_MODULES = ['node:buffer', 'node:crypto', 'node:util', 'node:zlib']
/** Developers run it by hand; nothing imports it. */
const SCRIPTS = ['shared/pipeline/dictionary/build.ts']

const IMPORT = /^(?:(?:import|export)\b[^'"\n]*|\}) from '([^'\n]+)'|^import '([^'\n]+)'|\bimport\('([^'\n]+)'\)/gm

/** Each source file with what it imports, type imports too: paths from the root for files, else the package. */
const IMPORTS: ReadonlyMap<string, readonly string[]> = new Map(
  [...new Set(Object.keys(LAYERS).map((layer) => layer.split('/')[0] ?? ''))].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`)
      .filter((file) => !SCRIPTS.includes(file))
      .map((file) => [file, importsOf(file)] as const),
  ),
)

function importsOf(file: string): readonly string[] {
  const found = [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)]
  return found
    .map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
    .map((name) => (name.startsWith('.') ? normalize(`${file}/../${name}`) : name))
}

function isUnder(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}

function layerOf(file: string): string | undefined {
  const layers = Object.keys(LAYERS).filter((layer) => isUnder(file, layer))
  return layers.toSorted((one, other) => other.length - one.length)[0]
}

/** The imports that `isWrong` refuses, as `importer -> imported`. */
function wrongImports(isWrong: (file: string, imported: string) => boolean): readonly string[] {
  return [...IMPORTS].flatMap(([file, names]) =>
    names.filter((name) => isWrong(file, name)).map((name) => `${file} -> ${name}`),
  )
}

test('every file lies in a layer and imports from no layer above it', () => {
  expect([...IMPORTS.keys()].filter((file) => layerOf(file) === undefined)).toEqual([])
  const isFile = (name: string) => IMPORTS.has(name) || /^(?:grammar|test|bench)\//.test(name)
  expect(
    wrongImports((file, name) => {
      const layer = layerOf(file) ?? ''
      return isFile(name) && !isUnder(name, layer) && !LAYERS[layer]?.some((below) => isUnder(name, below))
    }),
  ).toEqual([])
})

test('what is reserved for some places is imported nowhere else', () => {
  expect(
    wrongImports((file, name) =>
      Object.entries(RESERVED).some(
        ([what, places]) => isUnder(name, what) && !places.some((place) => isUnder(file, place)),
      ),
    ),
  ).toEqual([])
})

test('the pure layers import no module of Node that knows the world outside', () => {
  const isPure = (file: string) => SHARED.some((layer) => isUnder(file, layer))
  expect(
    wrongImports((file, name) => isPure(file) && name.startsWith('node:') && !PURE_NODE_MODULES.includes(name)),
  ).toEqual([])
})

test('no file imports itself through others, not even for a type', () => {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    else if (!done.has(file)) {
      for (const name of IMPORTS.get(file) ?? []) if (IMPORTS.has(name)) visit(name, [...path, file])
      done.add(file)
    }
  }
  for (const file of IMPORTS.keys()) visit(file, [])
  expect(circles).toEqual([])
})
