import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, 'soak/main.ts')
const LONGEST_MS = 540_000

// A process of its own, for it turns the clock of whatever it runs in. `npm run soak` does the same with more traces.
test('signals are those of the embedded runtime, whatever AWS, the functions and the network do meanwhile', async () => {
  const run = promisify(execFile)(process.execPath, [MAIN, '200', '--seed', '1'], { timeout: LONGEST_MS })
  const { stdout } = await run.catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${error.stdout}\n${error.stderr}`)
  })
  expect(stdout).toContain('✓ the same signals, and every span archived once: 200 traces')
}, 600_000)
