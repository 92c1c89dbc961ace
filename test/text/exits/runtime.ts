import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOG_FORMATS, lineLog, sparingLog } from '../../../local/log.ts'
import { type Runtime, startRuntime } from '../../../local/runtime.ts'
import { PrometheusMetrics } from '../../../local/server/metrics.ts'
import { fakeScreen } from '../../cli/fake-terminal.ts'
import { newReceiver } from '../../local/sinks/receiver.ts'
import { type HostileFolder, hostileFolder, traceRequest } from './folder.ts'
import { answerText, type Exit, fileNameOf, type Written } from './hostile.ts'

/** All that a server wrote, and answered to who asked. */
interface Told {
  readonly screen: string
  readonly jsonLines: string
  readonly file: string
  readonly log: string
  readonly rules: string
  readonly webhook: readonly string[]
  readonly pages: Readonly<Record<string, readonly string[]>>
}

/** A server whose rules, spans, requests, sinks and names of files hold the text; `broken`: whose sinks fail, too. */
async function tellAll(text: string, broken: boolean): Promise<Told> {
  const folder = hostileFolder(text)
  const receiver = await newReceiver()
  receiver.answer = broken ? 403 : 200
  const told = { log: '', rules: '' }
  const screen = fakeScreen()
  const jsonLines = fakeScreen()
  const lines = join(folder.path, broken ? fileNameOf(text) : '', 'signals.jsonl')
  if (broken)
    writeFileSync(
      join(folder.rules, `${fileNameOf(text)}broken.rules`),
      readFileSync(join(folder.broken, `${fileNameOf(text)}.rules`)),
    )
  if (broken) mkdirSync(join(folder.rules, `${fileNameOf(text)}.yml`, 'nested.rules'), { recursive: true })
  let nowMs = Date.UTC(2025, 9, 15)
  const runtime = await startRuntime({
    dataFolder: join(folder.path, 'data'),
    rulePaths: [folder.rules],
    settings: { port: 0, webhooks: [{ url: receiver.url, maxAttempts: 2 }] },
    clock: () => nowMs,
    scheduler: { after: () => () => {} },
    log: sparingLog(lineLog({ write: (line) => (told.log += line), levels: ['info', 'warn', 'error'] })),
    screen,
    jsonLines,
    jsonLinesFile: lines,
    onRules: (report) => (told.rules += report),
  })
  try {
    const pages: Record<string, string[]> = {}
    const ask = async (page: string, path: string, init: RequestInit = {}) => {
      const response = await fetch(`${runtime.url}${path}`, init)
      const bytes = Buffer.from(await response.arrayBuffer())
      const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
      const answered = answerText(bytes, response.headers.get('content-type'))
      pages[page] = [...(pages[page] ?? []), headers, answered]
      return answered
    }
    await askEverything(text, ask)
    for (let step = 0; step < 3; step++) {
      nowMs += 20_000
      await runtime.runDue().catch((error: unknown) => (told.log += `${error instanceof Error ? '' : error}`))
    }
    await askEverything(text, ask)
    const file = existsSync(lines) ? readFileSync(lines, 'utf8') : ''
    return {
      ...told,
      screen: screen.text(),
      jsonLines: jsonLines.text(),
      file,
      webhook: receiver.received.map(({ body }) => body),
      pages,
    }
  } finally {
    await end(runtime, folder)
    await receiver.close()
  }
}

type Ask = (page: string, path: string, init?: RequestInit) => Promise<string>

interface IncidentList {
  readonly incidents: readonly { readonly id: string }[]
}

/** By page, what each may be asked with a text of strangers. */
async function askEverything(text: string, ask: Ask): Promise<void> {
  const latin1 = text.replace(/[^\t -~\x80-\xff]/g, '')
  const json = { 'content-type': 'application/json' }
  const start = { action: 'start', id: 'a', name: text, labels: { [text]: text }, services: [text], rules: [text] }
  const at = new Date(Date.UTC(2025, 9, 15)).toISOString()
  await ask('/v1/traces', '/v1/traces', { method: 'POST', headers: json, body: JSON.stringify(traceRequest(text)) })
  await ask('/v1/traces', '/v1/traces', { method: 'POST', headers: json, body: text })
  for (const type of [json['content-type'], 'application/x-protobuf', latin1]) {
    const headers = { 'content-type': type, 'content-encoding': latin1 }
    await ask('/v1/traces', '/v1/traces', { method: 'POST', headers, body: text })
  }
  await ask('/v1/traces', '/v1/traces', { method: 'POST', headers: { ...json, origin: latin1 }, body: text })
  const posted = [
    { ...start, at },
    { ...start, at: text },
    { action: text, id: text },
    { ...start, id: text, at },
    text,
  ]
  for (const each of posted)
    await ask('/v1/experiments', '/v1/experiments', { method: 'POST', headers: json, body: JSON.stringify(each) })
  const coded = encodeURIComponent(text.toWellFormed())
  for (const path of ['', `/${coded}`, `?from=${coded}`, `?to=${coded}`])
    await ask('/v1/experiments', `/v1/experiments${path}`)
  for (const query of ['', `?window=${coded}`, `?severity=${coded}`, `?rules=${coded}`]) {
    await ask('/v1/invariants/health', `/v1/invariants/health${query}`)
  }
  for (const query of ['', `/${coded}`, `?state=${coded}`, `?limit=${coded}`, `/${coded}/${coded}`]) {
    await ask('/v1/incidents', `/v1/incidents${query}`)
  }
  const { incidents } = JSON.parse(await ask('/v1/incidents', '/v1/incidents?state=all')) as IncidentList
  const post = { method: 'POST', headers: json }
  for (const { id } of incidents.slice(0, 3)) {
    const body = JSON.stringify({ why: text, by: text })
    await ask('/v1/incidents', `/v1/incidents/${id}`)
    await ask('/v1/incidents', `/v1/incidents/${id}/resolve`, { ...post, body })
    await ask('/v1/incidents', `/v1/incidents/${id}`)
  }
  const when = `rule == ${JSON.stringify(text.toWellFormed())}`
  for (const mute of [{ when, forMs: 1_000, why: text, by: text }, { when: text, forMs: 1_000, why: text }, text]) {
    await ask('/v1/mutes', '/v1/mutes', { ...post, body: JSON.stringify(mute) })
  }
  await ask('/v1/mutes', '/v1/mutes')
  await ask('/v1/mutes', `/v1/mutes/${coded}`, { method: 'DELETE' })
  await ask('/metrics', '/metrics')
  await ask('/healthz', '/healthz')
  await ask('elsewhere', `/${coded}?${coded}`)
}

function logged(text: string): string {
  let written = ''
  for (const format of LOG_FORMATS) {
    const log = lineLog({ format, write: (line) => (written += line) })
    log('error', text, { [text]: text, reason: `Error: ${text}`, path: text })
  }
  return written
}

function counted(text: string): string {
  const metrics = new PrometheusMetrics()
  metrics.add('spansRejected', { reason: text as never })
  return metrics.render([{ name: 'a', help: 'b', value: 1, labels: { webhook: text } }])
}

async function end(runtime: Runtime, folder: HostileFolder): Promise<void> {
  await runtime.close().catch(() => {})
  folder.remove()
}

const texts = (...written: readonly string[]): readonly Written[] => written.map((text) => ({ text }))

/** Servers that told of the last text: all exits below are of the same two. */
let last: { readonly text: string; readonly told: Promise<readonly Told[]> } | undefined

function told(name: string, pick: (all: Told) => readonly string[]): Exit {
  const run = async (text: string) => {
    if (last?.text !== text) last = { text, told: Promise.all([tellAll(text, false), tellAll(text, true)]) }
    return texts(...(await last.told).flatMap(pick))
  }
  return { name, run }
}

/** Where a server shows signals, by the file of local/sinks that writes there. */
export const SINK_EXITS: readonly Exit[] = [
  told('sink json-lines-file', ({ file, jsonLines }) => [file, jsonLines]),
  told('sink local-publisher', ({ screen }) => [screen]),
  told('sink signal-text', ({ screen }) => [screen]),
  told('sink webhook', ({ webhook }) => webhook),
]

/** What a server answers, by path, and what it says of itself. */
export const PAGE_EXITS: readonly Exit[] = [
  ...[
    '/v1/traces',
    '/v1/experiments',
    '/v1/invariants/health',
    '/v1/incidents',
    '/v1/mutes',
    '/metrics',
    '/healthz',
    'elsewhere',
  ].map((page) => told(`page ${page}`, ({ pages }) => pages[page] ?? [])),
  told('log', ({ log }) => [log]),
  { name: 'log of anything', run: async (text) => texts(logged(text)) },
  { name: 'metrics of anything', run: async (text) => texts(counted(text)) },
  told('rules report', ({ rules }) => [rules]),
]
