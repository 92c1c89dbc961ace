import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { folderStore } from '../../../local/archive/folder-store.ts'
import { archiveFolder } from '../../../local/archive/parquet-archive.ts'
import { RuleSummaries } from '../../../local/maintenance/rule-summaries.ts'
import { RulesWatcher } from '../../../local/rules/rules-watcher.ts'
import { archive, HOUR_MS, recordOf, START_MS } from '../../replay/archived.ts'
import { runtimes } from '../harness.ts'

const { newHome } = runtimes()
const RULE = '// Signal: A_SEEN (high)\ntrace.has(a)\n'

/** Summaries of an archive with an hour of some MB, which a thread judges. */
async function summaries() {
  const { dataFolder, rules: path } = newHome(RULE)
  const store = folderStore(archiveFolder(dataFolder))
  const noise = (trace: number) =>
    Array.from({ length: 50 }, (_, i) => createHash('sha256').update(`${trace} ${i}`).digest('hex')).join('')
  const records = Array.from({ length: 300 }, (_, trace) => {
    const spans = [{ name: 'a', attributes: { text: noise(trace) } }]
    return recordOf({ traceId: (trace + 4096).toString(16).padStart(32, '0'), spans, atMs: START_MS + trace })
  })
  await archive(store, records)
  const [object] = await store.list('spans/')
  expect(object?.byteLength).toBeGreaterThan(256 * 1024)
  const rules = await RulesWatcher.open([path], { onLoaded: () => {}, log: () => {} })
  const clock = () => START_MS + 2 * HOUR_MS
  return { store, made: new RuleSummaries({ dataFolder, rules, clock, log: () => {} }) }
}

test('a large hour is summarised by a thread', async () => {
  const { store, made } = await summaries()
  expect(made.states).toBeUndefined()
  await made.runDue()
  expect(made.states).toMatchObject({ traces: 300, rules: [{ rule: 'A_SEEN', violated: 300 }], partialHours: [] })
  expect(await store.list('states/')).toHaveLength(1)
})

test('a server that closes meanwhile leaves the hour to its next start, and is not kept waiting', async () => {
  const { store, made } = await summaries()
  const running = made.runDue()
  made.stop()
  await running
  expect(await store.list('states/')).toEqual([])
  await made.runDue()
  expect(made.states).toBeUndefined()
})
