import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Exit, runBoth, runEach, type Written } from './hostile.ts'
import { lyingDetail } from './lies.ts'

/** Runs command lines against a server that lies, and one that refuses everything. */
function asked(name: string, lines: (id: string) => readonly (readonly string[])[], markdown = false): Exit {
  const run = async (text: string) => {
    const server = createServer((request, response) => {
      if (request.headers['x-api-key'] === 'refused') {
        response.writeHead(400).end(JSON.stringify({ error: { code: text, message: text, hint: text } }))
      } else if (request.headers['x-api-key'] === 'garbled') response.writeHead(500).end(text)
      else if (/^\/v1\/experiments(?:\?|$)/.test(request.url ?? '') && request.method === 'GET') {
        response.end(JSON.stringify({ experiments: [lyingDetail(text)], more: text }))
      } else response.end(JSON.stringify(lyingDetail(text)))
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
  ...['pretty', 'json', 'junit', 'markdown'].map((format) =>
    asked(`verify ${format}`, (text) => [['verify', '--experiment', text, '--format', format]], format === 'markdown'),
  ),
]
