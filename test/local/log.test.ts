import { expect, test } from 'vitest'
import { sparingLog, textLog } from '../../local/log.ts'

test('a repeated message is written twice a minute, with how often it was left out; errors name each trace', () => {
  let nowMs = 0
  const lines: string[] = []
  const log = sparingLog(
    textLog((line) => lines.push(line)),
    () => nowMs,
  )
  for (; nowMs < 30_000; nowMs += 100) log('error', 'timers could not be taken', { reason: 'full' })
  log('error', 'timers could not be taken', { reason: 'full' })
  log('error', 'timers could not be taken', { reason: 'read-only' })
  for (const traceId of ['a', 'b']) log('warn', 'timer failed', { traceId, reason: 'full' })
  for (const traceId of ['a', 'b']) log('error', 'timer failed', { traceId, reason: 'corrupt' })
  expect(lines).toEqual([
    'error timers could not be taken reason=full\n',
    'error timers could not be taken reason=full repeated=299\n',
    'error timers could not be taken reason=read-only\n',
    'warn timer failed traceId=a reason=full\n',
    'error timer failed traceId=a reason=corrupt\n',
    'error timer failed traceId=b reason=corrupt\n',
  ])
})

test('a line holds no control or invisible character, and no value begins one', () => {
  const lines: string[] = []
  const log = textLog((line) => lines.push(line))
  log('warn', 'rules\u009b changed\n', { 'a\u200e': 'b\u009bc\u202ed\nerror e', f: '::warning::g ##[error]h', '': 'i' })
  expect(lines).toEqual([
    'warn rules\\u009b changed\\n "a\\u200e"="b\\u009bc\\u202ed\\nerror e" f="::warning::g \\u0023#[error]h" ""=i\n',
  ])
})
