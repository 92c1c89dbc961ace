import { afterEach, expect, test } from 'vitest'
import { runtimeSettings } from '../../../local/settings.ts'
import { webhookQueue } from '../../../local/sinks/webhook.ts'
import type { PublishedEvent } from '../../../shared/pipeline/signal.ts'
import { closeDatabases, newDatabase } from '../sqlite/databases.ts'

afterEach(closeDatabases)

test('a delivery that the database cannot note is not sent again for it, and noted once it can be', async () => {
  const database = newDatabase()
  const [settings] = runtimeSettings({ webhooks: [{ url: 'http://127.0.0.1:1/hook' }] }).webhooks
  if (settings === undefined) throw new Error('no webhook')
  let requests = 0
  const fetch = async () => {
    requests++
    database.all('PRAGMA query_only = 1')
    return new Response(null, { status: 200 })
  }
  const webhook = webhookQueue(0, settings, { database, clock: () => 0, log: () => {}, fetch, random: () => 0 })
  await database.write(() => webhook.enqueue([{ id: 'one' } as PublishedEvent]))
  await webhook.runDue()
  await webhook.runDue()
  expect([requests, webhook.backlog().waiting]).toEqual([1, 1])
  database.all('PRAGMA query_only = 0')
  await webhook.runDue()
  expect([requests, webhook.backlog().waiting, webhook.counts.delivered]).toEqual([1, 0, 1])
})
