import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJsonDocuments } from '../../cli/json-documents.ts'
import { InputError } from '../../shared/errors.ts'

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (error) {
    throw new InputError({ code: 'malformed-json', message: (error as Error).message })
  }
}

/** Values and `line: problem` texts, in order. */
async function read(text: string, pieceSize = 7, maxBytes?: number): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const document of readJsonDocuments(inPieces(text, pieceSize), parse, maxBytes)) {
    found.push('value' in document ? document.value : `${document.line}: ${document.problem}`)
  }
  return found
}

const request = (id: number) => ({ resourceSpans: [{ id, text: 'a "quoted" {brace\\' }] })

test('values are read one a line, however the bytes are cut', async () => {
  const text = `${JSON.stringify(request(1))}\n\r\n${JSON.stringify(request(2))}\r\n${JSON.stringify(request(3))}`
  for (const size of [1, 3, 50, 1000]) expect(await read(text, size)).toEqual([request(1), request(2), request(3)])
})

test('values printed over many lines are read, whatever the indentation', async () => {
  for (const indent of [0, 1, 2, 4, '\t']) {
    const printed = [1, 2].map((id) => JSON.stringify(request(id), null, indent)).join('\n')
    expect(await read(printed)).toEqual([request(1), request(2)])
  }
  const atMargin = JSON.stringify(request(3), null, 1).replace(/^\s+/gm, '')
  expect(await read(`${atMargin}\n${atMargin}`)).toEqual([request(3), request(3)])
})

describe('a faulty value costs only itself', () => {
  test('a line that is not JSON is named by its number', async () => {
    expect(await read(`{"a":1}\nhello\n\n{"a":}\n{"a":2}\n`)).toEqual([
      { a: 1 },
      expect.stringMatching(/^2: Unexpected token/),
      expect.stringMatching(/^4: Unexpected token/),
      { a: 2 },
    ])
  })

  test('a line cut short does not swallow the whole lines after it', async () => {
    const cut = JSON.stringify(request(1)).slice(0, 24)
    const text = [cut, JSON.stringify(request(2)), JSON.stringify(request(3)), cut].join('\n')
    expect(await read(text)).toEqual([
      expect.stringMatching(/^1: /),
      request(2),
      request(3),
      expect.stringMatching(/^4: /),
    ])
  })

  test('a line cut short inside a string is named too', async () => {
    const text = `{"resourceSpans":[{"name":"cart\n${JSON.stringify(request(2))}\n`
    expect(await read(text)).toEqual([expect.stringMatching(/^1: /), request(2)])
  })

  test('a fault in a value of many lines is named by the line of the fault, and the next value is read', async () => {
    const broken = '{\n  "a": [\n    1\n    2\n  ],\n  "b": "open\n}\n'
    expect(await read(`\n${broken}${JSON.stringify(request(2), null, 2)}`)).toEqual([
      "5: Expected ',' or ']' after array element in JSON at column 5",
      request(2),
    ])
  })

  test('a value that never ends is named by the line of its end', async () => {
    expect(await read('{\n  "a": [\n')).toEqual([expect.stringMatching(/^\d: /)])
  })
})

test('a value over the limit is refused, at the limit it is read', async () => {
  const line = '{"resourceSpans":[]}'
  expect(await read(`${line}\n${line}`, 7, line.length)).toEqual([{ resourceSpans: [] }, { resourceSpans: [] }])
  const refused = [expect.stringMatching(/^1: a JSON value of more than/), expect.stringMatching(/^2: a JSON value/)]
  expect(await read(`${line}\n${line}`, 7, line.length - 1)).toEqual(refused)
  expect(await read('{\n"a":\n1\n}', 7, 5)).toEqual([refused[0]])
})

test('any values come back, one a line or printed over many', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.dictionary(
            fc.string(),
            fc.json().map((text) => JSON.parse(text)),
          ),
          fc.nat(3),
        ),
        { maxLength: 5 },
      ),
      fc.integer({ min: 1, max: 40 }),
      async (values, pieceSize) => {
        const text = values.map(([value, indent]) => JSON.stringify(value, null, indent)).join('\n')
        expect(await read(text, pieceSize)).toEqual(values.map(([value]) => JSON.parse(JSON.stringify(value))))
      },
    ),
    { numRuns: 100, seed: 1 },
  )
})
