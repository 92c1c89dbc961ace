import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Where text leaves the process: each passes what it writes through shared/text/visible.ts, or writes nothing of others. */
const EXITS = ['cli/main.ts', 'cli/process.ts', 'infra/app.ts', 'lambdas/support/visible-output.ts', 'local/log.ts']

test('nothing but the exits writes to the streams of the process', () => {
  const sources = ['cli', 'infra', 'lambdas', 'local', 'shared'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  )
  const writers = sources.filter((file) =>
    /(?<![.\w])console\s*[.[]|\bprocess\s*[.[]\W*(?:stdout|stderr|_rawDebug)|\bnew Console\b|from 'node:(?:process|console)'/.test(
      readFileSync(join(root, file), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, ''),
    ),
  )
  expect(writers.toSorted()).toEqual(EXITS)
})
