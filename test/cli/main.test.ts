import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { jsonRequest } from './otlp.ts'

const main = join(import.meta.dirname, '../../cli/main.ts')

/** Runs the real command; `head` closes its standard output after the first bytes, as `| head` does. */
async function runMain(args: readonly string[], options: { nodeOptions?: readonly string[]; head?: boolean } = {}) {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), main, ...args])
  let out = ''
  let err = ''
  child.stdout.on('data', (data) => {
    out += data
    if (options.head) child.stdout.destroy()
  })
  child.stderr.on('data', (data) => {
    err += data
  })
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { exitCode, out, err }
}

test('the real command ends with the exit code of its work', async () => {
  expect(await runMain(['check', '/does/not/exist'])).toEqual({
    exitCode: 2,
    out: '',
    err: 'betrace: no such file or folder: /does/not/exist\n',
  })
})

test('on a Node that is too old the message names the one that is needed', async () => {
  const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.14.0' } })"
  const { exitCode, err } = await runMain(['--help'], { nodeOptions: ['--import', `data:text/javascript,${pretend}`] })
  expect(exitCode).toBe(2)
  expect(err).toMatch(/^betrace needs Node\.js 22\.15 or newer; this is 22\.14\.0 \(.+\)\n$/)
})

test('what a library writes to the console, and a defect that ends the process, show nothing that moves the cursor', async () => {
  const late = `const before = console
    const look = setInterval(() => {
      if (console === before) return
      clearInterval(look)
      console.warn('a\\u202e\\n::error::b')
      throw new Error('c\\u009b\\n::warning::d')
    }, 1)`
  const nodeOptions = ['--import', `data:text/javascript,${encodeURIComponent(late)}`]
  const { exitCode, err } = await runMain(['check', join(import.meta.dirname, '../../rules')], { nodeOptions })
  expect(exitCode).toBe(2)
  expect(err).toContain('a\\u202e\n\\u003a:error::b\n')
  expect(err).toContain('an error inside betrace, please report it\nError: c\\u009b\\n::warning::d\n    at ')
})

test('a reader that goes away early, as head does, is not an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-main-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const rules = join(folder, 'any.rules')
  const traces = join(folder, 'traces.jsonl')
  await writeFile(rules, '// Signal: ANY (low)\ntrace.has(any)\n')
  const requests = Array.from({ length: 5000 }, (_, i) => JSON.stringify(jsonRequest(`trace ${i}`, [{ name: 'a' }])))
  await writeFile(traces, requests.join('\n'))
  const { exitCode, out, err } = await runMain(['eval', '-r', rules, '-f', 'jsonl', traces], { head: true })
  expect(out.length).toBeLessThan(1_000_000)
  expect({ exitCode, err }).toEqual({ exitCode: 1, err: expect.stringMatching(/^5,000 signals: [^\n]+\n$/) })
})
