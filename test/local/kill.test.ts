import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tracesData } from '../pipeline/traces.ts'
import { CHARGE, runtimes } from './harness.ts'

const { newHome, now, start } = runtimes()

/** Starts a runtime in a child process; resolves with its address. */
async function serve(dataFolder: string, rules: string) {
  const script = fileURLToPath(new URL('./serve-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, dataFolder, rules], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [url] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: String(url).trim() }
}

test('what was acknowledged before kill -9, in the middle of judging, is judged after it, once', async () => {
  const home = newHome()
  const { child, url } = await serve(home.dataFolder, home.rules)
  const acknowledged: string[] = []
  let sent = 0
  const send = async (): Promise<void> => {
    const traceId = String(++sent).padStart(32, '0')
    const body = Buffer.from(tracesData([{ ...CHARGE, startMs: now() }], traceId))
    const headers = { 'content-type': 'application/x-protobuf' }
    const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body }).catch(() => undefined)
    if (response?.status !== 200) return
    acknowledged.push(traceId)
    if (acknowledged.length === 150) child.kill('SIGKILL')
    await send()
  }
  const exit = once(child, 'exit')
  await Promise.all(Array.from({ length: 8 }, send))
  expect((await exit)[1]).toBe('SIGKILL')

  let aheadMs = 0
  const runtime = await start(home, {}, { clock: () => Date.now() + aheadMs })
  // A disk busy with other work may put a trace off: what matters is that its turn comes, and comes once.
  for (let turn = 0; turn < 10 && runtime.stats().timersWaiting > 0; turn++) {
    aheadMs += 60_000
    await runtime.runDue()
  }
  expect(runtime.stats().timersWaiting).toBe(0)
  const signals = runtime.signals.find({ limit: 100_000 })
  const judged = signals.map(({ event }) => event.data.traceId)
  expect(judged).toHaveLength(new Set(judged).size)
  expect(acknowledged.filter((traceId) => !judged.includes(traceId))).toEqual([])
})
