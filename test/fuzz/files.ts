import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RulesWatcher, rulesReport } from '../../local/rules/rules-watcher.ts'
import { runInProcess } from '../cli/fake-terminal.ts'
import { makePipe, makeSocket } from '../local/files/special-files.ts'
import { makeTree, randomTree, type Stock } from './file-tree.ts'
import { type OpenTarget, type Target, violate } from './target.ts'

/** What a stranger's pull request may put where a build looks for rules. */
export const files: Target = {
  name: 'files',
  about:
    'folders of rules and tests with links, pipes, sockets and devices: nothing outside is opened, shown or changed',
  open,
}

const SECRET = 'wJalrXUtnFEMI'
/** Far more than any case takes: what takes longer waits for somebody who never comes. */
const PATIENCE_MS = 20_000

async function open(): Promise<OpenTarget> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'betrace-fuzz-files-')))
  const stock = await makeStock(base)
  const opened = watchOpening()
  let cases = 0
  return {
    generate: randomTree,
    async check(input) {
      const root = join(base, `case-${cases++}`, 'rules')
      mkdirSync(root, { recursive: true })
      makeTree(root, input, stock)
      try {
        await checkTree(root, input, opened)
        requireUnchanged(stock)
      } finally {
        rmSync(join(root, '..'), { recursive: true, force: true })
      }
    },
    bounds: { ms: () => 5_000, allocatedBytes: () => 256 * 1024 * 1024 },
    async close() {
      opened.close()
      rmSync(base, { recursive: true, force: true })
    },
  }
}

async function makeStock(base: string): Promise<Stock> {
  const outside = ['secret.rules', 'secret.yaml', 'secret.test.yaml', 'secret.json', 'secret'].map((name) =>
    join(base, name),
  )
  for (const path of outside) writeFileSync(path, SECRET)
  const folder = join(base, 'secrets')
  mkdirSync(folder)
  writeFileSync(join(folder, 'a.rules'), SECRET)
  const special = [makePipe(join(base, 'pipe')), await makeSocket(join(base, 'socket')), ...devices(base)]
  return { special, outside: [...outside, folder, ...special] }
}

/** Made only by who may. */
function devices(base: string): readonly string[] {
  try {
    execFileSync('mknod', [join(base, 'zero'), 'c', '1', '5'], { stdio: 'ignore' })
    return [join(base, 'zero')]
  } catch {
    return []
  }
}

/** The real paths of what is opened between `start` and `stop`. */
interface Opening {
  start(): void
  stop(): readonly string[]
  close(): void
}

/** Puts itself before the functions that open, of this thread. */
function watchOpening(): Opening {
  const paths: string[] = []
  let watching = false
  const note = (path: unknown) => {
    if (watching) paths.push(realpathSync(String(path)))
  }
  const before = { open: promises.open, opendir: promises.opendir }
  promises.open = (async (...args: Parameters<typeof promises.open>) => {
    const handle = await before.open(...args)
    note(`/proc/self/fd/${handle.fd}`)
    return handle
  }) as typeof promises.open
  promises.opendir = (async (...args: Parameters<typeof promises.opendir>) => {
    note(args[0])
    return before.opendir(...args)
  }) as typeof promises.opendir
  syncBuiltinESMExports()
  return {
    start() {
      paths.length = 0
      watching = true
    },
    stop() {
      watching = false
      return [...paths]
    },
    close() {
      Object.assign(promises, before)
      syncBuiltinESMExports()
    },
  }
}

/** Ends in time, opens nothing outside, tells nothing of what lies there. */
async function checkTree(root: string, input: Uint8Array, opened: Opening): Promise<void> {
  const [command = '', ...args] = commandLine(root, input)
  opened.start()
  const outcome = await Promise.race([
    command === 'serve' ? watched(args) : runInProcess([command, ...args]),
    sleep(PATIENCE_MS, undefined, { ref: false }),
  ])
  const paths = opened.stop()
  if (outcome === undefined) violate(`${command} does not end`)
  const outside = paths.find((path) => path !== root && !path.startsWith(`${root}/`))
  if (outside !== undefined) violate(`${command} opened ${outside}`)
  const { exitCode, out, err } = outcome
  if (/wJalr|root:x?:0:/.test(out + err)) violate(`${command} shows what lies outside`)
  if (![0, 1, 2].includes(exitCode) || /please report/.test(err)) violate(`${command} fails: ${err}`)
}

/** What a server reads of its rules, and says of them; it goes on past what cannot be read. */
async function watched(paths: readonly string[]) {
  let out = ''
  const watcher = await RulesWatcher.open(paths, {
    log: () => {},
    onLoaded: (loaded) => {
      out += rulesReport(loaded, false)
    },
  })
  for (let looks = 0; looks < 2; looks++) await watcher.poll()
  return { exitCode: 0, out, err: '' }
}

/** Commands that read folders of rules, by the first byte; some by a link to the folder. */
function commandLine(root: string, [first = 0, second = 0]: Uint8Array): readonly string[] {
  const named = second % 2 === 0 ? root : `${root}-link`
  if (named !== root) symlinkSync(root, named)
  const traces = `${root}-traces.json`
  const commands = [
    ['serve', named],
    ['serve', named],
    ['check', named],
    ['check', '--format', 'json', named],
    ['fmt', named],
    ['test', named],
    ['test', '--format', 'json', named],
    ['eval', '--rules', named, '--', traces],
  ]
  return commands[first % commands.length] as readonly string[]
}

function requireUnchanged({ outside }: Stock): void {
  const changed = outside
    .filter((path) => /secret[^/]*$/.test(path) && !/secrets$/.test(path))
    .find((path) => {
      return readFileSync(path, 'utf8') !== SECRET
    })
  if (changed !== undefined) violate(`a command wrote to ${changed}`)
}
