import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { runInProcess } from '../fake-terminal.ts'

const demoFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('betrace-demo-'))

test('the demo signals exactly the faults it plants, says so in a table, and leaves nothing behind', async () => {
  const before = await demoFolders()
  const { exitCode, out, err } = await runInProcess(['demo', '--requests', '30', '--pace', '1ms'])
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  expect(out).toContain('It serves 30 requests; 19 of them carry a fault.')
  expect(out.match(/ plants /g)).toHaveLength(19)
  expect(out.match(/^(CRITICAL|HIGH|MEDIUM) /gm)).toHaveLength(19)
  expect(out).toMatch(/RETRY_LIMIT_EXCEEDED +30 +2 +2 +✓\n/)
  expect(out).toContain('✓ every planted fault was signalled, and nothing else')
  expect((await demoFolders()).filter((name) => !before.includes(name) && existsSync(name))).toEqual([])
})

test('fewer requests than faults are refused', async () => {
  expect(await runInProcess(['demo', '--requests', '3'])).toMatchObject({
    exitCode: 2,
    err: 'betrace: 3 requests cannot carry 19 faults\n  let there be 19 or more\n',
  })
})
