import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../../cli/program.ts'
import { folderStore } from '../../../local/archive/folder-store.ts'
import { archiveFolder } from '../../../local/archive/parquet-archive.ts'
import { Database } from '../../../local/sqlite/database.ts'
import { fakeScreen, fakeTerminal } from '../../cli/fake-terminal.ts'
import { archive, recordOf, START_MS } from '../../replay/archived.ts'
import { condition, type HostileFolder, hostileFolder, spanNameOf, TRACE_ID, traceRequest } from './folder.ts'
import { type Exit, fileNameOf, runBoth, runEach, type Written } from './hostile.ts'

type Lines = (folder: HostileFolder, text: string) => readonly (readonly string[])[]

/** Runs command lines in a folder of their own. */
function commands(name: string, lines: Lines, prepare?: (folder: HostileFolder, text: string) => Promise<void>): Exit {
  const inFolder = async (text: string) => {
    const folder = hostileFolder(text)
    try {
      await prepare?.(folder, text)
      return await runEach(...lines(folder, text))
    } finally {
      folder.remove()
    }
  }
  return { name, run: inFolder }
}

const RANGE = [
  '--from',
  new Date(START_MS).toISOString(),
  '--to',
  new Date(START_MS + 86_400_000).toISOString(),
] as const

/** An archive with one trace. */
async function archivedWhole({ path }: HostileFolder, text: string): Promise<void> {
  const folder = archiveFolder(path)
  const attributes = { [text]: text }
  const span = { name: spanNameOf(text), id: 1, attributes, resource: { 'service.name': text } }
  await archive(folderStore(folder), [recordOf({ traceId: TRACE_ID, spans: [span], atMs: START_MS })])
}

/** The same, with a damaged object and one that is none. */
async function archived(hostile: HostileFolder, text: string): Promise<void> {
  await archivedWhole(hostile, text)
  const spans = join(archiveFolder(hostile.path), 'spans')
  for (const entry of readdirSync(spans, { recursive: true, encoding: 'utf8', withFileTypes: true })) {
    if (!entry.isFile()) continue
    writeFileSync(join(entry.parentPath, `w-${'0'.repeat(32)}.parquet`), text)
    writeFileSync(join(entry.parentPath, `${fileNameOf(text)}.parquet`), text)
  }
}

async function stored({ path }: HostileFolder): Promise<void> {
  mkdirSync(path, { recursive: true })
  new Database(join(path, 'betrace.db'), 1024 ** 3).close()
}

const replay = (format: string) =>
  commands(
    `replay ${format}`,
    ({ path, rules, broken, missing }, text) => [
      ['replay', ...RANGE, '--data', path, '--rules', broken, '--format', format],
      ['replay', ...RANGE, '--data', path, '--rules', rules, '--format', format],
      ['replay', ...RANGE, '--data', missing, '--rules', rules, '--format', format],
      ['replay', '--from', text, '--data', path, '--rules', rules, '--rule', text, '--format', format],
    ],
    archived,
  )

const verify = (format: string): Exit => {
  const asked: Lines = ({ path, rules, broken }, text) => {
    const window = ['verify', ...RANGE, '--data', path, '--format', format]
    return [
      [...window, '--rules', rules, '--service', text],
      [...window, '--rules', rules],
      [...window, '--rules', rules, '--rule', text],
      [...window, '--rules', broken],
    ]
  }
  const { name, run } = commands(`verify ${format}`, asked, archived)
  const markdown = format === 'markdown'
  return { name, run: async (text) => (await run(text)).map((written) => ({ ...written, markdown })) }
}

const rulesStatus = (format: string) =>
  commands(
    `rules status ${format}`,
    ({ path, rules, broken, missing }, text) => {
      const asked = ['rules', 'status', ...RANGE, '--data', path, '--format', format]
      return [
        [...asked, '--rules', rules],
        [...asked, '--rules', broken],
        [...asked, '--rules', rules, '--rule', text],
        ['rules', 'status', '--from', text, '--data', path],
        ['rules', 'status', '--data', missing],
      ]
    },
    archived,
  )

/** Serves until a signal was shown, then stops. */
async function served(text: string): Promise<readonly Written[]> {
  const folder = hostileFolder(text)
  const { path, rules } = folder
  const texts: Written[] = []
  try {
    for (const jsonl of ['-', join(path, 'signals.jsonl')]) {
      const screen = () => fakeScreen(jsonl === '-' ? {} : { isTTY: true, columns: 60 })
      const terminal = { ...fakeTerminal(), stdout: screen(), stderr: screen() }
      const waits = ['--quiet-period', '1ms', '--incomplete-wait', '1ms']
      const where = ['--port', '0', '--rules', rules, '--data', join(path, jsonl === '-' ? 'a' : 'b'), '--jsonl', jsonl]
      const ended = run(['serve', ...where, ...waits], terminal)
      await until(() => /http:\/\/[\d.:]+/.test(terminal.stderr.text()))
      const [url = ''] = /http:\/\/[\d.:]+/.exec(terminal.stderr.text()) ?? []
      const headers = { 'content-type': 'application/json' }
      await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: JSON.stringify(traceRequest(text, Date.now())) })
      await until(() => /COMPARES/.test(terminal.stdout.text()))
      terminal.ctrlC.abort()
      await ended
      const onTerminal = jsonl !== '-'
      for (const { text } of [terminal.stdout, terminal.stderr]) texts.push({ text: text(), onTerminal })
      if (onTerminal) texts.push({ text: readFileSync(jsonl, 'utf8') })
    }
    return [
      ...texts,
      ...(await runEach(
        ['serve', '--rules', folder.missing],
        ['serve', '--host', text, '--port', '0', '--data', path, '--rules', rules],
        ['serve', '--webhook', text],
      )),
    ]
  } finally {
    folder.remove()
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (holds()) return
    await sleep(10)
  }
  throw new Error('what was waited for did not come within 20 s')
}

async function formatted(text: string): Promise<readonly Written[]> {
  const { rules, broken, missing, remove } = hostileFolder(text)
  try {
    const files = await runEach(
      ['fmt', '--check', rules, broken],
      ['fmt', join(rules, `${fileNameOf(text)}.rules`)],
      ['fmt', missing],
    )
    const rule = `// Signal: A (low)\n  ${condition(text)} // ${text.replace(/[\r\n]/g, '')}\n`
    return [...files, ...(await runBoth(['fmt', '-'], rule)), ...(await runBoth(['fmt', '-'], text))]
  } finally {
    remove()
  }
}

/** A file of receivers as the text would have it, and one that is well formed with the text in it. */
async function receivers({ path }: HostileFolder, text: string): Promise<void> {
  const quoted = JSON.stringify(text)
  const url = 'https://a.example'
  writeFileSync(join(path, 'text.yaml'), text)
  writeFileSync(
    join(path, 'broken.yaml'),
    JSON.stringify({
      version: text,
      [text]: text,
      receivers: {
        a: { type: text },
        b: { type: 'webhook', url: text, [text]: text },
        c: { type: 'webhook', url },
        [text]: {},
      },
      routes: [{ when: text, to: text }, { when: `rule == ${quoted}`, to: 'c', [text]: 1 }, text],
      mutes: [{ when: text, until: text, why: text }],
      links: { trace: { preset: text, [text]: text } },
    }),
  )
  const mute = { when: 'exists(group)', until: new Date(Date.now() + 86_400_000).toISOString(), why: text, by: text }
  const routes = [{ when: `owner != ${quoted} and not (group == ${quoted})`, to: 'c' }]
  const file = { version: 1, receivers: { c: { type: 'webhook', url } }, routes, mutes: [mute] }
  writeFileSync(join(path, `${fileNameOf(text)}notify.yaml`), JSON.stringify(file))
}

const written = (path: string, text: string) => join(path, `${fileNameOf(text)}notify.yaml`)

/** What a receiver answers comes from strangers, too. */
async function testedReceiver(text: string): Promise<readonly Written[]> {
  const server = createServer((_, response) => response.writeHead(400).end(text))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = hostileFolder(text)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const file = join(folder.path, `${fileNameOf(text)}.notify.yaml`)
  const receivers = { hook: { type: 'webhook', url, headers: { 'x-a': text.replace(/[^\x20-\x7e]/g, '') } } }
  writeFileSync(file, JSON.stringify({ version: 1, receivers, [text]: text }))
  try {
    return await runEach(
      ['notify', 'test', '-n', file, 'hook'],
      ['notify', 'test', '-n', file, 'hook', '--dry-run'],
      ['notify', 'test', '-n', file, text],
      ['notify', 'test', '-n', folder.missing, 'hook'],
    )
  } finally {
    folder.remove()
    server.closeAllConnections()
    server.close()
  }
}

const NOTIFY_EXITS: readonly Exit[] = [
  ...['pretty', 'json'].flatMap((format) => [
    commands(
      `notify check ${format}`,
      ({ path, rules, broken, missing }, text) => [
        ['notify', 'check', '--format', format, join(path, 'text.yaml')],
        ['notify', 'check', '--format', format, join(path, 'broken.yaml'), '--rules', broken],
        ['notify', 'check', '--format', format, written(path, text), '--rules', rules],
        ['notify', 'check', '--format', format, missing],
      ],
      receivers,
    ),
    commands(
      `notify route ${format}`,
      ({ path, rules, missing }, text) => [
        ['notify', 'route', '-n', join(path, 'broken.yaml'), 'A', '--format', format],
        [
          'notify',
          'route',
          '-n',
          written(path, text),
          '--owner',
          text,
          '--group',
          text,
          '--format',
          format,
          '--',
          text,
        ],
        ['notify', 'route', '-n', written(path, text), '--owner', 'a', '--group', 'b', '--format', format, '--', text],
        ['notify', 'route', '-n', written(path, text), '--severity', text, '--', text],
        ['notify', 'route', '-n', written(path, text), '--rules', rules, '--', text],
        ['notify', 'route', '-n', missing, '--', text],
      ],
      receivers,
    ),
  ]),
  { name: 'notify test', run: testedReceiver },
]

/** Commands that need nothing but files. */
export const LOCAL_EXITS: readonly Exit[] = [
  ...['pretty', 'json'].map((format) =>
    commands(
      `check ${format}`,
      ({ path, rules, broken, dangling, traces, missing }, text) => [
        ['check', '--format', format, rules, broken],
        ['check', '--format', format, '--against', traces, rules],
        ['check', '--format', format, '--against', path, rules],
        ['check', '--format', format, dangling],
        ['check', '--format', format, missing],
        ['check', '--format', text],
        ['check', `--${text}`],
        [text],
      ],
      archivedWhole,
    ),
  ),
  { name: 'fmt', run: formatted },
  ...['pretty', 'junit', 'json'].map((format) =>
    commands(`test ${format}`, ({ rules, broken, missing }) => [
      ['test', '--format', format, '--require-coverage', rules],
      ['test', '--format', format, broken],
      ['test', '--format', format, missing],
    ]),
  ),
  ...['pretty', 'jsonl'].map((format) =>
    commands(`eval ${format}`, ({ rules, broken, traces, brokenTraces, missing }) => [
      ['eval', '--format', format, '--rules', rules, '--', traces, brokenTraces, missing],
      ['eval', '--format', format, '--rules', broken, '--', traces],
    ]),
  ),
  commands('explain', ({ rules, broken, traces, brokenTraces }, text) => [
    ['explain', '--rules', rules, '--trace', TRACE_ID.slice(0, 8), '--', traces, brokenTraces],
    ['explain', '--rules', broken, '--trace', text, '--', traces],
  ]),
  { name: 'serve', run: served },
  commands('demo', (_, text) => [
    ['demo', '--requests', text],
    ['demo', '--scenario', text],
  ]),
  ...['pretty', 'json', 'jsonl'].map(replay),
  ...['pretty', 'json', 'junit', 'markdown'].map(verify),
  ...['pretty', 'json', 'jsonl'].map(rulesStatus),
  ...['pretty', 'json', 'jsonl'].flatMap((format) => [
    commands(
      `spans names ${format}`,
      ({ path, missing }, text) => [
        ['spans', 'names', ...RANGE, '--data', path, '--format', format],
        ['spans', 'names', ...RANGE, '--data', path, '--format', format, '--service', text],
        ['spans', 'names', '--from', text, '--data', path],
        ['spans', 'names', '--data', missing],
      ],
      archived,
    ),
    commands(
      `spans attributes ${format}`,
      ({ path, missing }, text) => [
        ['spans', 'attributes', ...RANGE, '--data', path, '--format', format, '--', spanNameOf(text)],
        ['spans', 'attributes', ...RANGE, '--data', path, '--format', format, '--', `${spanNameOf(text)}x`],
        ['spans', 'attributes', ...RANGE, '--data', missing, '--', text],
      ],
      archived,
    ),
  ]),
  ...NOTIFY_EXITS,
  commands('import', ({ path, traces, brokenTraces, missing }) => [
    ['import', '--data', path, '--', traces, brokenTraces, missing],
  ]),
  commands(
    'compact',
    ({ path, missing }, text) => [
      ['compact', ...RANGE, '--data', path],
      ['compact', '--data', missing],
      ['compact', '--from', text, '--data', path],
    ],
    archived,
  ),
  commands(
    'forget',
    ({ path, missing }, text) => [
      ['forget', '--where', `${text}=${text}`, '--data', path],
      ['forget', '--trace', text],
      ['forget', '--where', 'a=b', '--data', missing],
    ],
    archived,
  ),
  commands(
    'recover',
    ({ path, missing }) => [
      ['recover', '--data', path],
      ['recover', '--data', missing],
    ],
    stored,
  ),
]
