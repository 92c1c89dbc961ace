import { expect, test } from 'vitest'
import { lineLog, sparingLog } from '../../local/log.ts'

const START_MS = Date.UTC(2026, 0, 1)

test('a repeated message is written twice a minute, with how often it was left out; errors name each trace', () => {
  let nowMs = 0
  const lines: string[] = []
  const log = sparingLog(lineLog({ write: (line) => lines.push(line), clock: () => START_MS }), () => nowMs)
  for (; nowMs < 30_000; nowMs += 100) log('error', 'timers could not be taken', { reason: 'full' })
  log('error', 'timers could not be taken', { reason: 'full' })
  log('error', 'timers could not be taken', { reason: 'read-only' })
  for (const traceId of ['a', 'b']) log('warn', 'timer failed', { traceId, reason: 'full' })
  for (const traceId of ['a', 'b']) log('error', 'timer failed', { traceId, reason: 'corrupt' })
  expect(lines).toEqual([
    '2026-01-01T00:00:00.000Z error timers could not be taken reason=full\n',
    '2026-01-01T00:00:00.000Z error timers could not be taken reason=full repeated=299\n',
    '2026-01-01T00:00:00.000Z error timers could not be taken reason=read-only\n',
    '2026-01-01T00:00:00.000Z warn timer failed traceId=a reason=full\n',
    '2026-01-01T00:00:00.000Z error timer failed traceId=a reason=corrupt\n',
    '2026-01-01T00:00:00.000Z error timer failed traceId=b reason=corrupt\n',
  ])
})

test('a line holds no control or invisible character, and no value begins one', () => {
  const lines: string[] = []
  const log = lineLog({ write: (line) => lines.push(line), clock: () => START_MS })
  log('warn', 'rules\u009b changed\n', { 'a\u200e': 'b\u009bc\u202ed\nerror e', f: '::warning::g ##[error]h', '': 'i' })
  expect(lines).toEqual([
    '2026-01-01T00:00:00.000Z warn rules\\u009b changed\\n "a\\u200e"="b\\u009bc\\u202ed\\nerror e" f="::warning::g \\u0023#[error]h" ""=i\n',
  ])
})

test('as JSON a line is an object with time, level, message and the fields as they are', () => {
  const lines: string[] = []
  const log = lineLog({ format: 'json', write: (line) => lines.push(line), clock: () => START_MS })
  const message = 'rules\u009b changed\n'
  log('info', 'not of these levels')
  log('warn', message, { attempts: 3, 'a b': '::warning::c' })
  log('error', 'timer failed')
  const written = lines.join('')
  expect(written).not.toMatch(/\u009b/)
  expect(
    written
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { time: '2026-01-01T00:00:00.000Z', level: 'warn', message, attempts: 3, 'a b': '::warning::c' },
    { time: '2026-01-01T00:00:00.000Z', level: 'error', message: 'timer failed' },
  ])
})
