import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { FakeSlack } from '../../emulators/fake-slack.ts'
import { CHARGE, metric, runtimes, VALIDATION } from '../harness.ts'
import { newReceiver, type Receiver } from '../sinks/receiver.ts'
import { incidentsAt, MINUTE_MS, traceId, traffic } from './world.ts'

const { newHome, pass, send, start, stop } = runtimes()

const { breakRule, keepRule } = traffic({ send, pass })
const receivers: Receiver[] = []

afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close()
})

async function receiver(): Promise<Receiver> {
  const opened = await newReceiver()
  receivers.push(opened)
  return opened
}

test('130 broken traces are one page, updates of one message, and one end once the rule was quiet and exercised', async () => {
  const hook = await receiver()
  const runtime = await start(newHome(), { webhooks: [{ url: hook.url }], firstSignalSamples: 1 })
  await breakRule(runtime, 0, 1)
  await breakRule(runtime, 1, 129)
  expect(incidentsAt(hook)).toEqual([['opened', 1]])
  await pass(runtime, 5 * MINUTE_MS)
  expect(incidentsAt(hook).slice(1)).toEqual([['updated', 130]])
  // Quiet alone is no proof.
  for (let left = 40; left > 0; left--) await pass(runtime, MINUTE_MS)
  expect(incidentsAt(hook)).toHaveLength(2)
  await keepRule(runtime, 1_000, 3)
  for (let left = 3; left > 0; left--) await pass(runtime, MINUTE_MS)
  expect(incidentsAt(hook).slice(2)).toEqual([['resolved', 130]])
})

test('a late span that heals the only trace withdraws the incident at once', async () => {
  const hook = await receiver()
  const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
  await breakRule(runtime, 1, 1)
  await send(runtime, [VALIDATION], traceId(1))
  await pass(runtime, 5_000)
  await pass(runtime, 1_000)
  expect(incidentsAt(hook)).toEqual([
    ['opened', 1],
    ['resolved', 0],
  ])
  expect(hook.received.at(-1)?.body).toContain('withdrawn')
})

test('what was opened before a restart is ended after it, and nobody is paged twice', async () => {
  const hook = await receiver()
  const home = newHome()
  const settings = { webhooks: [{ url: hook.url }] }
  const first = await start(home, settings, {}, true)
  await breakRule(first, 1, 1)
  await stop(first)
  const second = await start(home, settings, {}, true)
  await breakRule(second, 2, 1)
  expect(incidentsAt(hook)).toEqual([['opened', 1]])
  await pass(second, MINUTE_MS)
  await keepRule(second, 100, 10)
  for (let left = 35; left > 0; left--) await pass(second, MINUTE_MS)
  expect(incidentsAt(hook).map(([type]) => type)).toEqual(['opened', 'updated', 'resolved'])
})

test('past ten openings in ten minutes one notice stands for all that follow, and ends when none of them is open', async () => {
  const hook = await receiver()
  const rules = `// Signal: PER_ORDER (critical)\n// Group: service.name\ntrace.has(payment.charge) and not trace.has(cart.validate)\n`
  const runtime = await start(newHome(rules), { webhooks: [{ url: hook.url }] })
  for (let number = 0; number < 14; number++) {
    await send(runtime, [{ ...CHARGE, service: `shop ${number}` }], traceId(number))
  }
  await pass(runtime, 5_000)
  await pass(runtime, 10_000)
  await pass(runtime, 1_000)
  expect(incidentsAt(hook).map(([type]) => type)).toEqual(Array(11).fill('opened'))
  const flood = JSON.parse(hook.received.at(-1)?.body ?? '')
  expect(flood.data.flood).toHaveLength(4)
  for (let left = 10; left > 0; left--) await keepRule(runtime, 1_000 * left, 10)
  for (let left = 40; left > 0; left--) await pass(runtime, MINUTE_MS)
  const ends = incidentsAt(hook).filter(([type]) => type === 'resolved')
  expect(ends).toHaveLength(11)
})

test('what opened together is one message for a chat', async () => {
  const slack = new FakeSlack('xoxb-token')
  const api = await slack.listen()
  onTestFinished(() => slack.close())
  const home = newHome(['A', 'B', 'C'].map((name) => `// Signal: ${name} (high)\ntrace.has(payment.charge)\n`).join(''))
  const notifyFile = join(home.dataFolder, '../notify.yaml')
  const channel = `{ type: slack, token: "\${TOKEN}", channel: C0123, api: "${api}/api" }`
  writeFileSync(notifyFile, `version: 1\nreceivers:\n  chat: ${channel}\n`)
  const runtime = await start(home, {}, { notifyFile, environment: { TOKEN: 'xoxb-token' } })
  await send(runtime, [CHARGE], traceId(1))
  await pass(runtime, 5_000)
  expect(slack.messages).toEqual([])
  await pass(runtime, 30_000)
  await pass(runtime, 1_000)
  expect(slack.messages.map(({ texts }) => texts)).toEqual([
    [expect.stringMatching(/^3 incidents opened together since/)],
  ])
})

test('a receiver that wants each signal gets them beside the incidents, and only while it is in the file', async () => {
  const hook = await receiver()
  const home = newHome()
  const notifyFile = join(home.dataFolder, '../notify.yaml')
  const written = (signals: boolean) =>
    writeFileSync(
      notifyFile,
      `version: 1\nreceivers:\n  hook: { type: webhook, url: "${hook.url}", signals: ${signals} }\n`,
    )
  written(true)
  const runtime = await start(home, {}, { notifyFile })
  await breakRule(runtime, 1, 2)
  expect(hook.signals()).toHaveLength(2)
  expect(incidentsAt(hook).map(([type]) => type)).toEqual(['opened'])
  written(false)
  await pass(runtime, 1_000)
  await pass(runtime, 1_000)
  await breakRule(runtime, 3, 1)
  expect(hook.signals()).toHaveLength(2)
})

test('open incidents are counted by their own severity, and at 0 for each rule in force', async () => {
  const home = newHome()
  const runtime = await start(home)
  const open = () => metric(runtime, 'betrace_incidents_open')
  const series = (severity: string) =>
    `betrace_incidents_open{rule="PAYMENT_INVARIANT_VIOLATION",severity="${severity}"}`
  expect(await open()).toEqual([`${series('critical')} 0`])
  await breakRule(runtime, 1, 1)
  const rules = join(home.rules, 'seed.rules')
  writeFileSync(rules, readFileSync(rules, 'utf8').replace('(critical)', '(low)'))
  await pass(runtime, 1_000)
  await pass(runtime, 1_000)
  expect(await open()).toEqual([`${series('critical')} 1`, `${series('low')} 0`])
})
