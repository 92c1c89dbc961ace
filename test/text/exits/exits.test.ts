import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runInProcess } from '../../cli/fake-terminal.ts'
import { type Exit, FORGED, HOSTILE, offencesIn } from './hostile.ts'
import { LOCAL_EXITS } from './local.ts'
import { RECEIVER_EXITS } from './receivers.ts'
import { PAGE_EXITS, SINK_EXITS } from './runtime.ts'
import { SERVER_EXITS } from './server.ts'
import { STACK_EXITS, TOPIC_EXIT } from './stack.ts'

const COMMAND_EXITS: readonly Exit[] = [...LOCAL_EXITS, ...SERVER_EXITS, ...STACK_EXITS]
const EXITS: readonly Exit[] = [...COMMAND_EXITS, ...SINK_EXITS, ...RECEIVER_EXITS, ...PAGE_EXITS, TOPIC_EXIT]
/** Whatever they are asked, they say nothing of it. */
const SILENT: ReadonlySet<string> = new Set(['page elsewhere', 'page /metrics', 'log'])
const LONGEST_MS = 60_000

describe.each(HOSTILE.map((text, index) => [index, text] as const))('whatever it is given, text %i', (_, text) => {
  test.each(EXITS.map((exit) => [exit.name, exit] as const))(
    '%s shows nothing that it must not',
    async (name, exit) => {
      const written = await exit.run(text)
      expect([...new Set(written.flatMap(offencesIn))]).toEqual([])
      expect([name, written.some((each) => each.text.includes(FORGED))]).toEqual([name, !SILENT.has(name)])
    },
    LONGEST_MS,
  )
})

/** Words of the commands below one, as its help lists them. */
async function commandsBelow(words: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { out } = await runInProcess([...words, '--help'])
  const [, list = ''] = out.split('\nCommands:\n')
  const names = [...(list.split('\n\n')[0] ?? '').matchAll(/^ {2}([\w-]+) /gm)].map(([, name = '']) => name)
  const below = await Promise.all(
    names.filter((name) => name !== 'help').map((name) => commandsBelow([...words, name])),
  )
  return below.length === 0 ? [words] : below.flat()
}

/** A command with each format that it has. */
async function formatsOf(words: readonly string[]): Promise<readonly string[]> {
  const { out } = await runInProcess([...words, '--help'])
  const [, choices] = /--format <format>[^(]*\(choices: ([^)]*?),\s*default/.exec(out) ?? []
  const name = words.join(' ')
  return choices === undefined ? [name] : [...choices.matchAll(/"(\w+)"/g)].map(([, format]) => `${name} ${format}`)
}

test('every command and format is among them', async () => {
  const commands = await commandsBelow([])
  expect(commands.length).toBeGreaterThan(25)
  const names = (await Promise.all(commands.map(formatsOf))).flat()
  expect([...new Set(COMMAND_EXITS.map(({ name }) => name))].toSorted()).toEqual(names.toSorted())
})

const local = join(import.meta.dirname, '../../../local')

test('every sink is among them, and the text of signals', () => {
  const files = [...readdirSync(join(local, 'sinks')), 'signal-text.ts']
  expect(SINK_EXITS.map(({ name }) => `${name.replace('sink ', '')}.ts`).toSorted()).toEqual(files.toSorted())
})

test('every page of a server is among them', () => {
  const paths = [
    local,
    join(local, 'server'),
    join(local, '../shared/otlp'),
    join(local, '../shared/experiments'),
    join(local, '../shared/incidents/api'),
  ].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').match(/(?<=')\/[a-z][\w/]*(?=')/g) ?? []),
  )
  const pages = PAGE_EXITS.map(({ name }) => name).filter((name) => name.startsWith('page /'))
  expect(pages.map((name) => name.replace('page ', '')).toSorted()).toEqual([...new Set(paths)].toSorted())
})

test('JSON that a command writes is the text as it was', async () => {
  const [text = ''] = HOSTILE
  const check = EXITS.find(({ name }) => name === 'check json')
  const [{ text: out } = { text: '' }] = (await check?.run(text)) ?? []
  const { problems } = JSON.parse(out) as { readonly problems: readonly { readonly file: string }[] }
  expect(problems.length).toBeGreaterThan(3)
  for (const { file } of problems) expect(file).toContain(text.replace(/[/\0]/g, '').slice(0, 60))
})
