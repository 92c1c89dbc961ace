import { expect, test } from 'vitest'
import { archiveFolder, ParquetArchive } from '../../local/archive/parquet-archive.ts'
import { planLocalReplay, replayLocally } from '../../local/replay/replay.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { CHARGE, metric, runtimes, UNVALIDATED, VALIDATION } from './harness.ts'

const runtime = runtimes()
const DAY_MS = 86_400_000

test('a replay of the data folder finds what was signalled live, by the same witness', async () => {
  const home = runtime.newHome()
  const { dataFolder } = home
  const archive = await ParquetArchive.open({ dataFolder, clock: runtime.now, log: () => {} })
  const live = await runtime.start(home, {}, { archive })
  await runtime.send(live, [CHARGE], 'a1'.repeat(16))
  await runtime.send(live, [CHARGE, VALIDATION], 'b2'.repeat(16))
  await runtime.pass(live, 60_000)
  const [signal, ...others] = live.signals.find({})
  expect(others).toEqual([])
  await runtime.stop(live)
  await archive.close()

  const { rules } = checkRules([{ file: 'seed.rules', text: UNVALIDATED }])
  const range = { fromMs: runtime.now() - DAY_MS, toMs: runtime.now() }
  const folder = archiveFolder(dataFolder)
  const plan = await planLocalReplay(folder, range)
  const report = await replayLocally({ folder, rules, range, sampleLimit: 10, plan })
  const [rule] = report.rules
  expect(rule).toMatchObject({ judged: 2, violated: 1 })
  expect(rule?.samples.map(({ time, ...data }) => data)).toEqual([signal?.event.data])
})

test('a trace of 50 hours ago is archived under its own hour, sends nothing, and replay judges it', async () => {
  const home = runtime.newHome()
  const live = await runtime.start(home, {}, {}, true)
  const startMs = runtime.now() - 50 * 3_600_000
  await runtime.send(live, [{ ...CHARGE, startMs }])
  await runtime.pass(live, 60_000)
  expect(live.signals.find({})).toEqual([])
  expect(await metric(live, 'betrace_spans_not_judged_total')).toEqual(['betrace_spans_not_judged_total 1'])
  await runtime.stop(live)

  const { rules } = checkRules([{ file: 'seed.rules', text: UNVALIDATED }])
  const hourMs = Math.floor(startMs / 3_600_000) * 3_600_000
  const range = { fromMs: hourMs, toMs: hourMs + 3_600_000 }
  const folder = archiveFolder(home.dataFolder)
  const report = await replayLocally({
    ...{ folder, rules, range, sampleLimit: 10 },
    plan: await planLocalReplay(folder, range),
  })
  expect(report.rules[0]).toMatchObject({ judged: 1, violated: 1 })
})
