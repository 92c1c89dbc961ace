import { expect, test } from 'vitest'
import { CHARGE, metric, runtimes, statuses } from './harness.ts'

const { newHome, pass, send, start, stop } = runtimes()

const RECEIPT = `// Signal: RECEIPT_MISSING (high)
when { trace.has(payment.charge) as charge } always { charge before receipt.send within 20s }
`
const ANSWER = { name: 'receipt.send', id: 2, parent: 1 }

test('a span that comes 12 s later, as the rule allows, leaves no signal', async () => {
  const runtime = await start(newHome(RECEIPT))
  await send(runtime, [CHARGE])
  for (let left = 12; left > 0; left--) await pass(runtime, 1_000)
  expect(await metric(runtime, 'betrace_traces_waiting_total')).toEqual(['betrace_traces_waiting_total 1'])
  await send(runtime, [ANSWER])
  for (let left = 60; left > 0; left--) await pass(runtime, 1_000)
  expect(statuses(runtime)).toEqual([])
})

test('a violation that waits is sent after a restart, once', async () => {
  const home = newHome(RECEIPT)
  const first = await start(home, {}, {}, true)
  await send(first, [CHARGE])
  await pass(first, 5_000)
  await stop(first)
  const second = await start(home, {}, {}, true)
  await pass(second, 19_999)
  expect(statuses(second)).toEqual([])
  await pass(second, 1)
  await pass(second, 60_000)
  expect(statuses(second)).toEqual(['RECEIPT_MISSING firing 1'])
})
