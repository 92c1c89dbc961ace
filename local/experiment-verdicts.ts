import { giveDueVerdicts } from '../shared/experiments/sweep.ts'
import { archiveFolder } from './archive/parquet-archive.ts'
import type { Dependencies } from './dependencies.ts'
import { planLocalReplay, replayLocally } from './replay/replay.ts'

const SAMPLES = 3

/** Gives the verdicts on experiments that are due, from what the data folder's archive holds. */
export async function giveVerdicts({ evaluator, experiments, rules, flushArchive }: Dependencies, dataFolder: string) {
  const folder = archiveFolder(dataFolder)
  const { publisher, settings, clock, metrics, log } = evaluator
  await giveDueVerdicts({
    experiments,
    publisher,
    settings,
    clock,
    metrics,
    log,
    rules: async () => (await rules.current()).rules,
    async replay(asked, range) {
      await flushArchive()
      const plan = await planLocalReplay(folder, range)
      return replayLocally({ folder, rules: asked, range, sampleLimit: SAMPLES, plan })
    },
  })
}
