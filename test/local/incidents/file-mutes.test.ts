import { describe, expect, test } from 'vitest'
import { runtimes } from '../harness.ts'
import { incidentsAt, MINUTE_MS, notifyingHome, openReceiver, traffic } from './world.ts'

const { newHome, now, pass, send, start } = runtimes()
const { breakRule, keepRule, passMinutes } = traffic({ send, pass })

const HOUR_MS = 60 * MINUTE_MS

/** A file that mutes everything, from a time of the test on. */
function mutes(untilMs: number): string {
  return `mutes: [{ all: true, until: ${new Date(untilMs).toISOString()}, why: moving }]\n`
}

describe('a mute of the file of receivers', () => {
  test('holds back changes of an incident that receivers know of, and never its end', async () => {
    const hook = await openReceiver()
    const { home, notifyFile, write } = notifyingHome(newHome(), hook.url)
    const runtime = await start(home, {}, { notifyFile })
    await breakRule(runtime)
    write(mutes(now() + 24 * HOUR_MS))
    await passMinutes(runtime, 3)
    await breakRule(runtime, 2, 5)
    await passMinutes(runtime, 10)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
    await keepRule(runtime, 100, 10)
    await passMinutes(runtime, 35)
    expect(incidentsAt(hook)).toEqual([
      ['opened', 1],
      ['resolved', 6],
    ])
  })

  test('holds back reminders, and they go on when it ends', async () => {
    const chat = await openReceiver()
    const { home, notifyFile, write } = notifyingHome(newHome(), `\${CHAT}`, '', 'teams')
    const runtime = await start(home, {}, { notifyFile, environment: { CHAT: chat.url } })
    await breakRule(runtime)
    await passMinutes(runtime, 1)
    expect(chat.received).toHaveLength(1)
    write(mutes(now() + 30 * HOUR_MS))
    for (let hours = 0; hours < 29; hours++) {
      await pass(runtime, HOUR_MS)
      await breakRule(runtime, 2 + hours)
    }
    expect(chat.received).toHaveLength(1)
    await pass(runtime, HOUR_MS)
    expect(chat.received).toHaveLength(2)
  })

  test('leaves the heartbeat of Alertmanager alone, without which the alert would end there', async () => {
    const hook = await openReceiver()
    const { home, notifyFile, write } = notifyingHome(newHome(), hook.url, '', 'alertmanager')
    const runtime = await start(home, {}, { notifyFile })
    await breakRule(runtime)
    write(mutes(now() + HOUR_MS))
    await passMinutes(runtime, 3)
    const before = hook.received.length
    await passMinutes(runtime, 10)
    expect(hook.received.length - before).toBe(10)
  })

  test('that is taken out of the file lets receivers be notified', async () => {
    const hook = await openReceiver()
    const until = new Date(now() + 2 * HOUR_MS).toISOString()
    const { home, notifyFile, write } = notifyingHome(
      newHome(),
      hook.url,
      `mutes: [{ all: true, until: ${until}, why: moving }]\n`,
    )
    const runtime = await start(home, {}, { notifyFile })
    await breakRule(runtime)
    await passMinutes(runtime, 2)
    expect(incidentsAt(hook)).toEqual([])
    write('')
    await pass(runtime, 1_000)
    await pass(runtime, 1_000)
    await pass(runtime, 1_000)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })
})
