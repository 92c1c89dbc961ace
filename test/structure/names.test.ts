import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const SOURCES = ['shared', 'local', 'lambdas', 'infra', 'cli'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [`${folder}/${file}`, readFileSync(join(ROOT, folder, file), 'utf8')] as const),
)

/** Each function's module exports its handler under this name, as Lambda expects. */
const CONTRACTS = ['handler']
const EXPORT = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm

/** Lines of the sources, outside of comments, that fit a pattern: `file:line: text`. */
function linesWith(pattern: RegExp): readonly string[] {
  return SOURCES.flatMap(([file, text]) =>
    text
      .split('\n')
      .map((line, index) => [line, `${file}:${index + 1}: ${line.trim()}`] as const)
      .filter(([line]) => !/^\s*(?:\*|\/\/|\/\*)/.test(line) && pattern.test(line))
      .map(([, shown]) => shown),
  )
}

test('an exported name means one thing in the whole tree', () => {
  const places = SOURCES.flatMap(([file, text]) =>
    [...text.matchAll(EXPORT)].map(([, name = '']) => [name, file] as const),
  )
  const byName = Map.groupBy(places, ([name]) => name)
  const shared = [...byName].filter(([name, found]) => found.length > 1 && !CONTRACTS.includes(name))
  expect(shared.map(([name, found]) => `${name}: ${found.map(([, file]) => file).join(', ')}`)).toEqual([])
})

test('private members are spelt with private', () => {
  expect(linesWith(/\bthis\.#\w|^\s+(?:readonly |async |static |get )*#\w+[(:;= ]/)).toEqual([])
})

test('a limit that is a constant of its file begins with MAX_', () => {
  expect(linesWith(/^(?:export )?const (?:MOST_|LONGEST_|LARGEST_|max[A-Z])\w* ?[:=]/)).toEqual([])
})
