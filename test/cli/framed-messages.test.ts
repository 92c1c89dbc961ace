import { expect, test } from 'vitest'
import { isFramed, readFramedMessages } from '../../cli/framed-messages.ts'

function framed(...messages: readonly (string | Buffer)[]): Buffer {
  const parts = messages.map((message) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(message.length)
    return Buffer.concat([length, Buffer.from(message)])
  })
  return Buffer.concat(parts)
}

async function read(bytes: Buffer, chunkBytes = bytes.length): Promise<readonly string[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const found: string[] = []
  for await (const message of readFramedMessages(chunks())) {
    found.push(`${message.number} ${'problem' in message ? message.problem : message.bytes}`)
  }
  return found
}

test('messages are read whole, however their bytes come', async () => {
  const bytes = framed('first', 'x'.repeat(300), 'third')
  for (const chunkBytes of [1, 3, 4, 9, 1000]) {
    expect(await read(bytes, chunkBytes)).toEqual(['1 first', `2 ${'x'.repeat(300)}`, '3 third'])
  }
})

test('an empty message, which an empty batch is, is passed over', async () => {
  expect(await read(framed('', 'second', ''))).toEqual(['2 second'])
})

test.each([
  ['within a message', 4, '2 it is cut short: 2 of 6 bytes are there'],
  ['within a length', 8, '2 it is cut short within its length'],
  ['right behind a length', 6, '2 it is cut short: 0 of 6 bytes are there'],
])('a file cut short %s is named, and what came before is read', async (_where, missing, expected) => {
  const bytes = framed('first', 'second')
  expect(await read(bytes.subarray(0, bytes.length - missing))).toEqual(['1 first', expected])
})

test('a message of 128 MiB or more is named, and the next is read', async () => {
  const huge = 128 * 1024 * 1024
  const part = Buffer.alloc(1024 * 1024)
  async function* chunks() {
    yield Buffer.from([0x08, 0, 0, 0])
    for (let sent = 0; sent < huge; sent += part.length) yield part
    yield framed('next')
  }
  const found: unknown[] = []
  for await (const message of readFramedMessages(chunks())) found.push(message)
  expect(found).toEqual([
    { number: 1, problem: `its length is ${huge} bytes; at most 128 MiB are read` },
    { number: 2, bytes: Buffer.from('next') },
  ])
})

test('zeros without end, as a crash may leave them, are named once and end the reading', async () => {
  let sent = 0
  let closed = false
  async function* chunks() {
    try {
      yield framed('first')
      for (; ; sent++) yield Buffer.alloc(4096)
    } finally {
      closed = true
    }
  }
  const found: unknown[] = []
  for await (const message of readFramedMessages(chunks())) found.push(message)
  expect(found).toEqual([
    { number: 1, bytes: Buffer.from('first') },
    { number: 1002, problem: 'from here on there are zeros; the rest is not read' },
  ])
  expect({ sent: sent < 10, closed }).toEqual({ sent: true, closed: true })
})

test('no other form of a file of traces begins as a length does', () => {
  const others = ['{"resourceSpans":[]}', ' \n[', '\ufeff{', '\n\u0003', '\u0012\u0002']
  expect(others.map((text) => isFramed(Buffer.from(text)))).toEqual(others.map(() => false))
  expect([[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], []].map((bytes) => isFramed(Buffer.from(bytes)))).toEqual([
    false,
    false,
    false,
  ])
  expect(isFramed(framed('a'))).toBe(true)
})
