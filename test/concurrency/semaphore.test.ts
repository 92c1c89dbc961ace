import { expect, test } from 'vitest'
import { newSemaphore } from '../../shared/concurrency/semaphore.ts'

function deferred() {
  return Promise.withResolvers<void>()
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('no more work than there are places is under way, all of it is done', async () => {
  const { run } = newSemaphore(2)
  let working = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++working)
    await turn()
    working--
  }
  await Promise.all(Array.from({ length: 7 }, () => run(work)))
  expect([most, working]).toEqual([2, 0])
})

test('work that fails leaves its place', async () => {
  const { run } = newSemaphore(1)
  await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await run(async () => 'done')).toBe('done')
})

test('who waits lends the place, and goes on only with one', async () => {
  const { run, wait } = newSemaphore(1)
  const [waited, other] = [deferred(), deferred()]
  const order: string[] = []
  const first = run(async () => {
    await wait(true, () => waited.promise)
    order.push('first goes on')
  })
  const second = run(async () => {
    order.push('second works')
    await other.promise
    order.push('second is done')
  })
  waited.resolve()
  await turn()
  other.resolve()
  await Promise.all([first, second])
  expect(order).toEqual(['second works', 'second is done', 'first goes on'])
})

test('who keeps the place while waiting lets nobody else work, and counts as idle', async () => {
  const { run, wait, idle } = newSemaphore(1)
  const waited = deferred()
  let others = 0
  const first = run(() => wait(false, () => waited.promise))
  const second = run(async () => {
    others++
  })
  await idle()
  expect(others).toBe(0)
  waited.resolve()
  await Promise.all([first, second])
  expect(others).toBe(1)
})

test('nobody works when all wait, and when all are done', async () => {
  const { run, wait, idle } = newSemaphore(2)
  await idle()
  const [waited, worked] = [deferred(), deferred()]
  let isIdle = false
  const all = Promise.all([run(() => wait(true, () => waited.promise)), run(() => worked.promise)])
  await turn()
  void idle().then(() => {
    isIdle = true
  })
  await turn()
  expect(isIdle).toBe(false)
  worked.resolve()
  await turn()
  expect(isIdle).toBe(true)
  waited.resolve()
  await all
  await idle()
})
