import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Exit, runBoth, runEach, type Written } from './hostile.ts'
import { lyingDetail, lyingIncident, lyingMute } from './lies.ts'

/** Runs command lines against a server that lies, and one that refuses everything. */
function asked(name: string, lines: (id: string) => readonly (readonly string[])[], markdown = false): Exit {
  const run = async (text: string) => {
    const server = createServer((request, response) => {
      if (request.headers['x-api-key'] === 'refused') {
        response.writeHead(400).end(JSON.stringify({ error: { code: text, message: text, hint: text } }))
      } else if (request.headers['x-api-key'] === 'garbled') response.writeHead(500).end(text)
      else response.end(JSON.stringify(lieOf(text, request.method ?? '', request.url ?? '')))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const id = text.toWellFormed()
    const texts: Written[] = []
    for (const key of ['known', 'refused', 'garbled']) {
      for (const line of lines(id))
        texts.push(...(await runBoth([...line, '--url', url, '--api-key', key], '', markdown)))
    }
    server.closeAllConnections()
    server.close()
    return [...texts, ...(await runEach(...lines(id).map((line) => [...line, '--url', `http://${text}`])))]
  }
  return { name, run }
}

/** What the server that lies answers to a request. */
function lieOf(text: string, method: string, url: string): object {
  const [, subject, one] = /^\/v1\/(\w+)(\/)?/.exec(url) ?? []
  const isList = method === 'GET' && one === undefined
  if (subject === 'incidents') return isList ? { incidents: [lyingIncident(text)], more: text } : lyingIncident(text)
  if (subject === 'mutes') return isList ? { mutes: [lyingMute(text)], more: text } : lyingMute(text)
  return isList ? { experiments: [lyingDetail(text)], more: text } : lyingDetail(text)
}

/** Commands that ask a server. */
export const SERVER_EXITS: readonly Exit[] = [
  asked('experiment start', (text) => [
    ['experiment', 'start', '--id', text, '--name', text, '--label', `${text}=${text}`],
  ]),
  asked('experiment stop', (text) => [['experiment', 'stop', text, '--outcome', text]]),
  ...['pretty', 'json'].flatMap((format) => [
    asked(`experiment list ${format}`, () => [['experiment', 'list', '--format', format]]),
    asked(`experiment show ${format}`, (text) => [['experiment', 'show', text, '--format', format]]),
  ]),
  ...['pretty', 'json', 'jsonl'].flatMap((format) => [
    asked(`incidents list ${format}`, () => [['incidents', 'list', '--format', format]]),
    asked(`mute list ${format}`, () => [['mute', 'list', '--format', format]]),
  ]),
  ...['pretty', 'json'].map((format) =>
    asked(`incidents show ${format}`, (text) => [['incidents', 'show', text, '--format', format]]),
  ),
  asked('incidents resolve', (text) => [['incidents', 'resolve', text, '--why', text, '--by', text]]),
  asked('mute add', (text) => [
    ['mute', text, '--for', '1h', '--why', text, '--by', text],
    ['mute', 'add', text, '--until', text, '--why', text],
    ['mute', 'add', text, '--for', text, '--why', text],
  ]),
  asked('mute remove', (text) => [['mute', 'remove', text]]),
  ...['pretty', 'json', 'junit', 'markdown'].map((format) =>
    asked(`verify ${format}`, (text) => [['verify', '--experiment', text, '--format', format]], format === 'markdown'),
  ),
]
