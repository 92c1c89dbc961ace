import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CHARGE, type Home, runtimes, statuses } from '../harness.ts'

const { newHome, pass, send, start, stop } = runtimes()

/** The signals in files, by the folder of their hour. */
function archived({ dataFolder }: Home): Readonly<Record<string, readonly { id: string; shadow: boolean }[]>> {
  const folder = join(dataFolder, 'archive', 'signals')
  const found: Record<string, { id: string; shadow: boolean }[]> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const lines = gunzipSync(readFileSync(join(entry.parentPath, entry.name)))
      .toString()
      .trim()
      .split('\n')
    const hour = entry.parentPath.slice(folder.length + 1)
    found[hour] = [...(found[hour] ?? []), ...lines.map((line) => JSON.parse(line))]
  }
  return found
}

describe('signals', () => {
  test('are copied to files by hour, beside the traces, once each, when they are a minute old or the server ends', async () => {
    const home = newHome()
    const runtime = await start(home, {}, {}, true)
    await send(runtime, [CHARGE])
    await pass(runtime, 60_000)
    await pass(runtime, 60_000)
    await pass(runtime, 3_600_000)
    const [first] = runtime.signals.find({})
    expect(statuses(runtime)).toHaveLength(1)
    expect(Object.values(archived(home)).flat()).toEqual([{ ...first?.event, shadow: false }])

    await send(runtime, [CHARGE], '1'.padStart(32, '0'))
    await pass(runtime, 20_000)
    expect(Object.values(archived(home)).flat()).toHaveLength(1)
    const events = runtime.signals.find({}).map(({ event }) => ({ ...event, shadow: false }))
    await stop(runtime)
    const files = archived(home)
    expect(Object.keys(files).sort()).toEqual(['dt=2025-11-24/hour=16', 'dt=2025-11-24/hour=17'])
    expect(Object.values(files).flat()).toEqual(events)
  })
})
