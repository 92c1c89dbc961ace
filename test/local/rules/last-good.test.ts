import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHARGE, metric, runtimes, statuses, UNVALIDATED } from '../harness.ts'

const { newHome, pass, send, start, stop } = runtimes()

test('a rule whose file gets a typo still fires, also after a restart, and health names the file', async () => {
  const home = newHome()
  const runtime = await start(home)
  writeFileSync(join(home.rules, 'seed.rules'), UNVALIDATED.replace('and not', 'and nott'))
  await runtime.runDue()
  await runtime.runDue()
  await send(runtime, [CHARGE], 'a1'.repeat(16))
  await pass(runtime, 60_000)
  expect(statuses(runtime)).toEqual(['PAYMENT_INVARIANT_VIOLATION firing 1'])
  expect(await metric(runtime, 'betrace_rules_')).toEqual([
    'betrace_rules_kept_back 1',
    'betrace_rules_loaded 1',
    'betrace_rules_rejected 1',
  ])
  await stop(runtime)

  const again = await start(home)
  await send(again, [CHARGE], 'b2'.repeat(16))
  await pass(again, 60_000)
  expect(statuses(again)).toHaveLength(2)
  expect(await (await fetch(`${again.url}/healthz`)).json()).toMatchObject({
    status: 'degraded',
    rules: expect.stringMatching(
      /seed\.rules:4 PAYMENT_INVARIANT_VIOLATION: .*1 stay in force as they were until then \(docs\/runbook\.md#a-rule-does-not-compile\)/,
    ),
  })
})
