import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SHIPPED_RULES } from '../../test/shipped-packs.ts'

/** A server in a process of its own. */
export interface Served {
  readonly url: string
  /** Resident memory now, in bytes. */
  rssBytes(): number
  stop(): Promise<void>
}

/** The receiver that only reads and answers. */
export async function serveSink(): Promise<Served> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./sink.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return served(child, await firstLine(child.stdout, /^(http:\S+)$/))
}

/** `betrace serve` as users start it, with all rules that ship, its data in `folder`, and further options. */
export async function serveBetrace(folder: string, options: readonly string[] = []): Promise<Served> {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
  const args = [
    main,
    'serve',
    '--port',
    '0',
    '--data',
    folder,
    '--quiet-period',
    '1s',
    '--rules',
    ...SHIPPED_RULES,
    ...options,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const url = await firstLine(child.stderr, /(http:\S+)\/v1\/traces/)
  return served(child, url)
}

/** What the first line that has it says of what is wanted. */
export async function firstLine(stream: NodeJS.ReadableStream | null, wanted: RegExp): Promise<string> {
  if (stream === null) throw new Error('the server has no output to read its address from')
  const lines = createInterface({ input: stream })
  const seen: string[] = []
  for await (const line of lines) {
    seen.push(line)
    const [, found] = wanted.exec(line) ?? []
    if (found === undefined) continue
    // What follows has to be taken off the pipe, or the server would block on it.
    stream.resume()
    return found
  }
  throw new Error(`the server ended before it listened:\n${seen.join('\n')}`)
}

/** A server that listens in this process. */
export function served(child: ChildProcess, url: string): Served {
  return {
    url,
    rssBytes() {
      const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      return Number(kilobytes) * 1024
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The value of a counter or gauge of `/metrics`, summed over its labels. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
