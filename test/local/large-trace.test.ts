import { folderStore } from '../../local/archive/folder-store.ts'
import { archiveFolder } from '../../local/archive/parquet-archive.ts'
import { largeTraceContract, RULES, SETTINGS } from '../pipeline/contract/large-trace.ts'
import { metric, runtimes } from './harness.ts'

const running = runtimes()

largeTraceContract('in one process', async () => {
  const home = running.newHome(RULES)
  const runtime = await running.start(home, SETTINGS, {}, true)
  const count = async (name: string) => Number((await metric(runtime, name))[0]?.split(' ')[1] ?? 0)
  return {
    nowMs: running.now(),
    async send(spans) {
      await running.send(runtime, spans)
      await running.pass(runtime, 10)
    },
    async settle() {
      // The quiet period, then the age at which a journal is turned into objects.
      for (let i = 0; i < 4; i++) await running.pass(runtime, 120_000)
    },
    archive: folderStore(archiveFolder(home.dataFolder)),
    signals: () =>
      runtime.signals.find({}).map(({ event: { data } }) => ({ signal: data.signal, complete: data.complete })),
    counted: async () => ({
      tracesTruncated: await count('betrace_traces_truncated_total'),
      spansNotJudged: await count('betrace_spans_not_judged_total'),
    }),
  }
})
