import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namedTraces, readTraceFile } from '../../cli/trace-files.ts'
import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
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
  for await (const piece of readTraceFile(path, namedTraces(stdin), () => {})) {
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

/** What a Collector wrote (v0.165.0, three requests), with the settings the name says: see file-exporter/README.md. */
const EXPORTED = [
  'json',
  'proto',
  'json-zstd',
  'proto-zstd',
  'json-zstd-native',
  'proto-zstd-native',
  'json-zstd-native-rotated',
  'proto-zstd-native-rotated',
]

test.each(EXPORTED)('every request is read from what the file exporter of a Collector writes: %s', async (name) => {
  const requests = await read(join(import.meta.dirname, 'file-exporter', name))
  const traceIds = requests.map((request) =>
    splitByTrace(Buffer.from(request, 'hex')).chunks.map((each) => each.traceId),
  )
  expect(traceIds).toEqual(['abc1', 'abc2', 'abc3'].map((id) => [id.padStart(32, '0')]))
})

test.each(EXPORTED)('an exported file cut short anywhere is named, and what came before is read: %s', async (name) => {
  const whole = await readFile(join(import.meta.dirname, 'file-exporter', name))
  const all = await read(join(import.meta.dirname, 'file-exporter', name))
  let most = 0
  for (let length = whole.length - 1; length > 0; length -= 31) {
    const pieces = await read(await put('cut', whole.subarray(0, length)))
    const requests = pieces.filter((piece) => all.includes(piece))
    expect(requests).toEqual(all.slice(0, requests.length))
    const isAtAnEnd = requests.length === pieces.length
    expect(isAtAnEnd || /cut|malformed/.test(pieces.at(-1) ?? '')).toBe(true)
    most = Math.max(most, requests.length)
  }
  expect(most).toBeGreaterThan(1)
})

test('several zstd frames and several gzip members are one file', async () => {
  const lines = [first, second, first].map((request) => Buffer.from(`${JSON.stringify(request)}\n`))
  for (const pack of [gzipSync, zstdCompressSync]) {
    const packed = Buffer.concat(lines.map((line) => pack(line)))
    expect(await read(await put('frames', packed))).toEqual([first, second, first].map(hexOf))
  }
})

test('what stands before the place where compressed data is cut is read to its last line', async () => {
  const lines = [first, second].map((request) => Buffer.from(`${JSON.stringify(request)}\n`))
  const whole = zstdCompressSync(Buffer.concat(lines))
  const cut = zstdCompressSync(Buffer.concat(lines)).subarray(0, 60)
  expect(await read(await put('cut.zst', Buffer.concat([whole, cut])))).toEqual([
    hexOf(first),
    hexOf(second),
    expect.stringMatching(/cut\.zst: the compressed data is damaged or cut short/),
  ])
})

test('a faulty message behind its length is named by its number, and the rest is read', async () => {
  const behind = (message: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(message.length)
    return Buffer.concat([length, message])
  }
  const packed = zstdCompressSync(JSON.stringify(first))
  const messages = [
    behind(packed),
    behind(packed.subarray(0, 50)),
    behind(Buffer.from('{"resourceSpans":')),
    behind(Buffer.from(protobufOf(second))),
  ]
  expect(await read(await put('faulty', Buffer.concat(messages)))).toEqual([
    hexOf(first),
    expect.stringMatching(/faulty, message 2: .*zstd/),
    expect.stringMatching(/faulty, message 3: malformed JSON/),
    hexOf(second),
  ])
})

test('every length a protobuf request can begin with is distinguished from JSON', async () => {
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

test('a compressed file cut short is named, and the part before is read', async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => JSON.stringify(jsonRequest(`t${i}`, [{ name: 'a' }]))).join('\n')
  const packed = gzipSync(lines)
  const pieces = await read(await put('cut.jsonl.gz', packed.subarray(0, packed.length - 100)))
  expect(pieces.length).toBeGreaterThan(1000)
  expect(pieces.at(-1)).toMatch(/cut\.jsonl\.gz: the compressed data is damaged or cut short/)
})

test('a line that is not JSON is named by file and line', async () => {
  const path = await put('bad.jsonl', `${JSON.stringify(first)}\nnot json\n${JSON.stringify(second)}`)
  expect(await read(path)).toEqual([hexOf(first), expect.stringMatching(/bad\.jsonl:2: malformed JSON/), hexOf(second)])
})

test('a file that does not exist, or is a folder, is refused by name', async () => {
  await expect(read(join(folder, 'missing'))).rejects.toThrow(/no such file or folder: .*missing/)
  await expect(read(folder)).rejects.toThrow(/is a folder, not a file$/)
})

test('bytes read are reported as they lie on disk', async () => {
  const packed = gzipSync(JSON.stringify(first))
  const path = await put('told.gz', packed)
  const told: (readonly number[])[] = []
  for await (const _ of readTraceFile(path, namedTraces(Readable.from([])), (read, size) => told.push([read, size])));
  expect(told).toEqual([[packed.length, packed.length]])
})
