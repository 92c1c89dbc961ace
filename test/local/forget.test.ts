import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { forgetLocally } from '../../local/maintenance/forget.ts'
import type { ExperimentDetail } from '../../shared/experiments/api.ts'
import { CHARGE, runtimes } from './harness.ts'

const runtime = runtimes()

test('a forgotten trace leaves the database too: its chunks, its signals, and their bytes', async () => {
  const home = runtime.newHome()
  const forgotten = 'a1'.repeat(16)
  const live = await runtime.start(home, {}, {}, true)
  await runtime.send(live, [CHARGE], forgotten)
  await runtime.send(live, [CHARGE], 'b2'.repeat(16))
  await runtime.pass(live, 60_000)
  expect(live.signals.find({})).toHaveLength(2)
  await runtime.stop(live)

  const removed = await forgetLocally({
    dataFolder: home.dataFolder,
    forgotten: { kind: 'trace', traceId: forgotten },
    range: { fromMs: 0, toMs: Number.POSITIVE_INFINITY },
    dryRun: false,
    nowMs: runtime.now(),
  })
  expect(removed).toMatchObject({ chunks: 1, signals: 1, failures: [] })
  const later = await runtime.start(home)
  expect(later.signals.find({}).map(({ event }) => event.data.traceId)).toEqual(['b2'.repeat(16)])
  const database = await readFile(join(home.dataFolder, 'betrace.db'), 'latin1')
  expect(database).not.toContain(`"traceId":"${forgotten}"`)
  expect(database).toContain(`"traceId":"${'b2'.repeat(16)}"`)
  const signals = join(home.dataFolder, 'archive', 'signals')
  const files = await readdir(signals, { recursive: true, withFileTypes: true })
  const lines = files.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name)))
  const texts = (await Promise.all(lines)).map((bytes) => gunzipSync(bytes).toString())
  expect(texts.map((text) => JSON.parse(text).subject)).toEqual(['b2'.repeat(16)])
})

test('a forgotten trace is removed from the samples of a verdict, which keeps its counts', async () => {
  const home = runtime.newHome()
  const forgotten = 'a1'.repeat(16)
  const live = await runtime.start(home, {}, {}, true)
  const post = (event: object) => {
    const headers = { 'content-type': 'application/json' }
    return fetch(`${live.url}/v1/experiments`, { method: 'POST', headers, body: JSON.stringify(event) })
  }
  await post({ action: 'start', id: 'drill', at: runtime.now() })
  await runtime.send(live, [CHARGE], forgotten)
  await runtime.pass(live, 10_000)
  await post({ action: 'stop', id: 'drill', at: runtime.now() })
  await runtime.pass(live, 60_000)
  await runtime.stop(live)
  const database = () => readFile(join(home.dataFolder, 'betrace.db'), 'latin1')
  expect(await database()).toContain(forgotten)

  await forgetLocally({
    dataFolder: home.dataFolder,
    forgotten: { kind: 'trace', traceId: forgotten },
    range: { fromMs: 0, toMs: Number.POSITIVE_INFINITY },
    dryRun: false,
    nowMs: runtime.now(),
  })
  const later = await runtime.start(home, {}, {}, true)
  const shown = (await (await fetch(`${later.url}/v1/experiments/drill`)).json()) as ExperimentDetail
  expect(shown.verdict).toMatchObject({ signals: 1, rules: [{ violated: 1, samples: [] }] })
})
