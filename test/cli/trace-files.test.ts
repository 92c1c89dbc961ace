import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTraceFile } from '../../cli/trace-files.ts'
import { convertJson } from '../../shared/otlp/json.ts'
import { jsonRequest } from './otlp.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-trace-files-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** Each request in hex, each problem as it is. */
async function read(path: string, stdin: Readable = Readable.from([])): Promise<readonly string[]> {
  const found: string[] = []
  for await (const piece of readTraceFile(path, stdin, () => {})) {
    found.push('problem' in piece ? piece.problem : Buffer.from(piece.request).toString('hex'))
  }
  return found
}

const first = jsonRequest('first', [{ name: 'a' }, { name: 'b' }])
const second = jsonRequest('second', [{ name: 'c' }])
const protobufOf = (request: object) => convertJson(Buffer.from(JSON.stringify(request))).bytes
const hexOf = (request: object) => Buffer.from(protobufOf(request)).toString('hex')

test.each<[string, string | Uint8Array, readonly object[]]>([
  ['a JSON document', JSON.stringify(first), [first]],
  ['a JSON document printed over many lines', JSON.stringify(first, null, 2), [first]],
  ['a JSON document behind a byte order mark', `\ufeff${JSON.stringify(first)}`, [first]],
  ['a JSON document behind blank lines', `\n\n${JSON.stringify(first, null, 2)}`, [first]],
  ['JSON lines', `${JSON.stringify(first)}\n${JSON.stringify(second)}\n`, [first, second]],
  ['protobuf', protobufOf(first), [first]],
])('%s is read plain, gzip and zstd, whatever its name', async (name, content, requests) => {
  const bytes = Buffer.from(content)
  for (const packed of [bytes, gzipSync(bytes), zstdCompressSync(bytes)]) {
    expect(await read(await put(`${name}.dat`, packed))).toEqual(requests.map(hexOf))
  }
})

test('every length a protobuf request can begin with is told from JSON', async () => {
  for (let padding = 0; padding < 200; padding++) {
    const request = jsonRequest('padded', [{ name: 'x', service: 's'.repeat(padding) }])
    expect(await read(await put('padded.pb', protobufOf(request)))).toEqual([hexOf(request)])
  }
})

test('standard input is read as any file', async () => {
  expect(await read('-', Readable.from([gzipSync(JSON.stringify(first))]))).toEqual([hexOf(first)])
})

test('an empty file is an empty request, and no problem', async () => {
  expect(await read(await put('empty', ''))).toEqual([''])
  expect(await read(await put('empty.gz', gzipSync('')))).toEqual([''])
})

test('a compressed file cut short is named, and what came before is read', async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => JSON.stringify(jsonRequest(`t${i}`, [{ name: 'a' }]))).join('\n')
  const packed = gzipSync(lines)
  const pieces = await read(await put('cut.jsonl.gz', packed.subarray(0, packed.length - 100)))
  expect(pieces.length).toBeGreaterThan(1000)
  expect(pieces.at(-1)).toMatch(/cut\.jsonl\.gz: the compressed data is damaged or cut short/)
})

test('a line that is no JSON is named by file and line', async () => {
  const path = await put('bad.jsonl', `${JSON.stringify(first)}\nnot json\n${JSON.stringify(second)}`)
  expect(await read(path)).toEqual([hexOf(first), expect.stringMatching(/bad\.jsonl:2: malformed JSON/), hexOf(second)])
})

test('a file that does not exist, or is a folder, is refused by name', async () => {
  await expect(read(join(folder, 'missing'))).rejects.toThrow(/no such file or folder: .*missing/)
  await expect(read(folder)).rejects.toThrow(/is a folder$/)
})

test('bytes read are told as they lie on disk', async () => {
  const packed = gzipSync(JSON.stringify(first))
  const path = await put('told.gz', packed)
  const told: (readonly number[])[] = []
  for await (const _ of readTraceFile(path, Readable.from([]), (read, size) => told.push([read, size])));
  expect(told).toEqual([[packed.length, packed.length]])
})
