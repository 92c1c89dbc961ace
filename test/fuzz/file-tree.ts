import { linkSync, lstatSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../pipeline/model/random.ts'

/** What trees are made with: it lies outside of every one of them. */
export interface Stock {
  /** Pipes, sockets and devices, to be linked. */
  readonly special: readonly string[]
  /** Files and folders that hold what nobody may be told. */
  readonly outside: readonly string[]
}

const NAMES = [
  'a.rules',
  'b.rules',
  'c.yaml',
  'd.yml',
  'a.test.yaml',
  'c.test.yml',
  'traces.json',
  'e.txt',
  '.hidden.rules',
  '.git',
  '..data',
  'node_modules',
  'folder',
  'folder.rules',
  '\u001b]0;x\u0007.rules',
  'line\nbreak.rules',
  '-.rules',
] as const

const TEXTS = [
  '// Signal: A (high)\ntrace.has(a)\n',
  '// Signal: B (low)\ntrace.has( b )\n',
  'rules:\n  - {id: C, severity: low, condition: c}\n',
  'tests:\n  - {name: t, trace: a, signals: A}\n',
  'not a rule\n',
  '\u0000\u0001',
  '',
] as const

/** Where links lead and tests point, beside what lies outside. */
const TARGETS = [
  '.',
  '..',
  '../..',
  '../../..',
  'a.rules',
  'folder',
  '../a.rules',
  'folder/a.rules',
  '.git',
  '..data/a.rules',
  'nowhere',
  '/dev/zero',
  '/dev/stdin',
  '/dev/fd/0',
  '/etc',
  '/etc/passwd',
  '/proc/self/environ',
  '/proc/self/maps',
  '/proc/self/cwd',
  '/proc/self/root',
] as const

/** Bytes of one thing in a tree: its kind, its name, the folder it lies in, and what it holds or leads to. */
const OP_BYTES = 4

/** Bytes of a random tree; any bytes are one. */
export function randomTree(random: Random): Uint8Array {
  const ops = random.between(1, random.chance(0.5) ? 5 : 24)
  return Uint8Array.from({ length: ops * OP_BYTES }, () => random.between(0, 255))
}

/** Makes a tree in an empty folder. */
export function makeTree(root: string, bytes: Uint8Array, stock: Stock): void {
  const folders = [root]
  const targets = [...TARGETS, ...stock.outside]
  for (let at = 0; at + OP_BYTES <= bytes.length; at += OP_BYTES) {
    const [kind = 0, name = 0, folder = 0, held = 0] = bytes.subarray(at, at + OP_BYTES)
    const path = join(pick(folders, folder), pick(NAMES, name))
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue
    if (kind % (MAKERS.length + 2) >= MAKERS.length) {
      mkdirSync(path)
      folders.push(path)
    } else pick(MAKERS, kind % (MAKERS.length + 2))({ path, held, target: pick(targets, held), stock })
  }
}

interface Making {
  readonly path: string
  readonly held: number
  readonly target: string
  readonly stock: Stock
}

const makeText = ({ path, held }: Making) => writeFileSync(path, pick(TEXTS, held))
const makeLink = ({ path, target }: Making) => symlinkSync(target, path)

const MAKERS: readonly ((making: Making) => void)[] = [
  makeText,
  makeText,
  makeText,
  ({ path, target }) =>
    writeFileSync(path, `rules: ${JSON.stringify(target)}\ntests: [{name: t, trace: a, signals: []}]\n`),
  ({ path, target }) => writeFileSync(path, `tests: [{name: t, file: ${JSON.stringify(target)}, signals: []}]\n`),
  makeLink,
  makeLink,
  ({ path, held, stock }) => linkSync(pick(stock.special, held), path),
  ({ path, held }) => {
    writeFileSync(path, '', { mode: held % 3 === 0 ? 0 : 0o600 })
    truncateSync(path, held % 2 === 0 ? 65 * 1024 * 1024 : 4096)
  },
]

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item
}
