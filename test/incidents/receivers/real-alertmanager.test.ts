import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RECEIVER_TYPES } from '../../../shared/incidents/receivers/all.ts'
import type { Receiver, Send } from '../../../shared/incidents/receivers/receiver.ts'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'

/*
 * Against a real Alertmanager, where one is installed (Debian: prometheus-alertmanager); elsewhere these tests are skipped.
 */

const program = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => ['prometheus-alertmanager', 'alertmanager'].map((name) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path)
      return true
    } catch {
      return false
    }
  })

interface Notification {
  readonly status: string
  readonly alerts: readonly { readonly labels: object; readonly annotations: Readonly<Record<string, string>> }[]
}

const folder = mkdtempSync(join(tmpdir(), 'betrace-alertmanager-'))
const notifications: Notification[] = []
const hook = createServer(async (request, response) => {
  notifications.push(JSON.parse(await textOf(request)))
  response.end()
})
let alertmanager: ChildProcess | undefined
let url = ''
let receiver: Receiver

beforeAll(async () => {
  if (program === undefined) return
  hook.listen(0, '127.0.0.1')
  await once(hook, 'listening')
  const { port } = hook.address() as AddressInfo
  const route = "{receiver: hook, group_by: ['...'], group_wait: 100ms, group_interval: 100ms, repeat_interval: 1h}"
  const config = `route: ${route}\nreceivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:${port}/'}]}]\n`
  writeFileSync(join(folder, 'config.yml'), config)
  const own = await freePort()
  url = `http://127.0.0.1:${own}`
  const flags = ['--cluster.listen-address=', `--web.listen-address=127.0.0.1:${own}`]
  const files = [`--config.file=${join(folder, 'config.yml')}`, `--storage.path=${join(folder, 'data')}`]
  alertmanager = spawn(program, [...flags, ...files], { stdio: 'ignore' })
  await until(async () => (await fetch(`${url}/-/ready`)).ok)
  const kind = RECEIVER_TYPES.get('alertmanager')
  if (kind === undefined) throw new Error('no receiver')
  receiver = kind.open('prom', { url, headers: {} }, { clock: Date.now })
})

afterAll(async () => {
  hook.close().closeAllConnections()
  if (alertmanager !== undefined && alertmanager.exitCode === null) {
    alertmanager.kill()
    await once(alertmanager, 'exit')
  }
  rmSync(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await Promise.resolve(holds()).catch(() => false)) return
    await sleep(50)
  }
  throw new Error('it did not happen within 10 s')
}

const send: Send = async (request) => {
  if (request.kind !== 'http') throw new Error('not HTTP')
  const { method, headers, body } = request
  const response = await fetch(request.url, { method, headers, body })
  return { status: response.status, body: await response.text() }
}

const now = () => ({ openedAtMs: Date.now(), nowMs: Date.now() })

test.skipIf(program === undefined)('one notification tells that it opened, one that it ended and how', async () => {
  for (const count of [1, 2, 5]) {
    expect(await receiver.tell(noticeOf({ ...now(), count }), undefined, send)).toMatchObject({ outcome: 'taken' })
  }
  await until(() => notifications.length > 0)
  await receiver.tell(resolvedOf(now()), undefined, send)
  await until(() => notifications.length > 1)
  expect(notifications.map(({ status, alerts }) => [status, alerts.length])).toEqual([
    ['firing', 1],
    ['resolved', 1],
  ])
  expect(notifications[1]?.alerts[0]?.annotations.summary).toContain('held 512 times since')
})

test.skipIf(program === undefined)('any notice is taken', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      expect(await receiver.tell({ ...notice, ...now() }, undefined, send)).toMatchObject({ outcome: 'taken' })
    }),
    { numRuns: 200 },
  )
})
