import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runtimes } from '../local/harness.ts'

const { newHome, pass, start } = runtimes()

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/metrics.md'), 'utf8')

test('the page on metrics names every metric that a server exports, and no other', async () => {
  const home = newHome()
  const settings = { webhooks: [{ url: 'http://127.0.0.1:1/hook' }] }
  const options = { jsonLinesFile: join(home.dataFolder, '..', 'signals.jsonl') }
  const runtime = await start(home, settings, options, true)
  await pass(runtime, 0)
  const shown = await (await fetch(`${runtime.url}/metrics`)).text()
  const exported = new Set([...shown.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name))
  const documented = new Set([...page.matchAll(/`(betrace_\w+)[`{]/g)].map(([, name]) => name))
  expect(exported.size).toBeGreaterThan(30)
  expect([...documented].sort()).toEqual([...exported].sort())
})
