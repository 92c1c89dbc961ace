import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { COMPACTION_LIMITS, compactHour, GRACE_MS } from '../../shared/archive/compact.ts'
import { forgetHour } from '../../shared/archive/forget.ts'
import { parseObjectKey } from '../../shared/archive/object-key.ts'
import { memoryStore } from '../archive/memory-store.ts'
import { rulesOf } from '../reference/rules.ts'
import { archive, ONE_DAY, recordOf, replay, START_MS } from './archived.ts'

const TRACES = 40
const idOf = (index: number) => (index + 1).toString(16).padStart(32, '0')
const traces = (from: number) =>
  Array.from({ length: TRACES }, (_, index) => {
    return recordOf({ traceId: idOf(from + index), spans: [{ name: 'a', attributes: { text: `value ${index}` } }] })
  })
/** Reads names, values and, for its evidence, about everything else. */
const RULES = rulesOf('trace.has(a).where(text starts with value and span.duration > 0ms)')

const sound = memoryStore()
let key: string
let whole: Buffer

beforeAll(async () => {
  key = (await archive(sound, traces(0)))[0] ?? ''
  await archive(sound, traces(TRACES))
  whole = Buffer.from(sound.objects.get(key) ?? [])
})

/** A damaged object beside two sound ones, replayed. */
async function replayBeside(damaged: Uint8Array) {
  const store = memoryStore()
  for (const [each, bytes] of sound.objects) await store.put(each, each === key ? damaged : bytes)
  return { report: await replay(store, RULES), store }
}

const zeros = (from: number, to: number) => Buffer.from(whole).fill(0, from, to)
const put32 = (value: number, at: number) => {
  const bytes = Buffer.from(whole)
  bytes.writeUInt32LE(value, at)
  return bytes
}
const footerStart = () => whole.length - 8 - whole.readUInt32LE(whole.length - 8)

describe('an object that is damaged', () => {
  test.each<readonly [string, () => Uint8Array, string]>([
    ['is empty', () => Buffer.alloc(0), 'it has only 0 bytes'],
    ['has a few bytes', () => Buffer.from('PAR1'), 'it has only 4 bytes'],
    ['is cut in the middle', () => whole.subarray(0, whole.length >> 1), 'it is cut off or no Parquet file'],
    ['lacks its last byte', () => whole.subarray(0, -1), 'it is cut off or no Parquet file'],
    ['lacks its first bytes', () => whole.subarray(500), 'does not agree with its checksum'],
    ['is all zeros', () => Buffer.alloc(5000), 'it is cut off or no Parquet file'],
    ['is text', () => Buffer.from('{"no":"parquet"}\n'.repeat(50)), 'it is cut off or no Parquet file'],
    ['says its footer is huge', () => put32(0xffffffff, whole.length - 8), 'its footer cannot have'],
    ['says its footer is tiny', () => put32(1, whole.length - 8), 'cannot be read'],
    ['has zeros for a footer', () => zeros(footerStart(), whole.length - 8), ''],
    ['has zeros for pages', () => zeros(4, footerStart()), 'does not agree with its checksum'],
    ['has zeros in the middle of its pages', () => zeros(200, 2000), 'checksum'],
    [
      'has a changed count in its metadata',
      () => Buffer.from(whole.toString('latin1').replace('"traces":40', '"traces":41'), 'latin1'),
      'does not agree with its checksum',
    ],
  ])('because it %s is named, and the rest is judged', async (_, damage, reason) => {
    const { report } = await replayBeside(damage())
    expect(report.failures.length).toBeGreaterThan(0)
    expect(new Set(report.failures.map((failure) => failure.key))).toEqual(new Set([key]))
    expect(report.failures.map((failure) => failure.reason).join()).toContain(reason)
    expect(report.rules[0]?.violated).toBeGreaterThanOrEqual(TRACES)
    expect(report.rules[0]?.samples.filter(({ traceId }) => traceId > idOf(TRACES - 1))).toHaveLength(TRACES)
  })

  test('never stops a replay, wherever bytes are wrong and however long lengths claim to be', async () => {
    const wrong = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }) })
    const lengths = fc.constantFrom([255, 255, 255, 255], [255, 255, 255, 255, 15], [255, 255, 255, 127], [0])
    const places = fc.oneof(wrong, fc.record({ at: fc.nat(), bytes: lengths.map((each) => Uint8Array.from(each)) }))
    await fc.assert(
      fc.asyncProperty(fc.array(places, { minLength: 1, maxLength: 3 }), fc.boolean(), async (changes, inFooter) => {
        const damaged = Buffer.from(whole)
        const from = inFooter ? footerStart() : 0
        for (const { at, bytes } of changes) damaged.set(bytes, from + (at % (whole.length - from - 6)))
        const { report } = await replayBeside(damaged)
        for (const failure of report.failures) expect(failure.key).toBe(key)
        expect(report.rules[0]?.samples.filter(({ traceId }) => traceId > idOf(TRACES - 1))).toHaveLength(TRACES)
        if (report.failures.length === 0) expect(report.rules[0]?.violated).toBe(2 * TRACES)
      }),
      { numRuns: 200, seed: 3 },
    )
  })

  test('is left as it is by compaction and forgetting, which go on with the rest', async () => {
    const { store } = await replayBeside(zeros(200, 2000))
    await archive(store, traces(2 * TRACES))
    const run = { nowMs: START_MS, token: 'run' }
    const compacted = await compactHour(store, START_MS, run, { ...COMPACTION_LIMITS, leastNewShare: 0 })
    expect(compacted).toMatchObject({ merged: 2, written: 1, failures: [{ key }] })
    const forgotten = { kind: 'where', key: 'text', value: 'value 7' } as const
    const forgot = await forgetHour(store, START_MS, forgotten, { token: 'forget', dryRun: false })
    expect(forgot).toMatchObject({ traceIds: [idOf(TRACES + 7), idOf(2 * TRACES + 7)], failures: [{ key }] })
    const report = await replay(store, RULES)
    expect(report.rules[0]?.samples.map(({ traceId }) => traceId)).not.toContain(idOf(TRACES + 7))
    expect(report.rules[0]?.violated).toBe(2 * TRACES - 2)
  })

  test('of a compacted set takes only its own traces with it, also when what it was made from is gone', async () => {
    const store = memoryStore(() => START_MS)
    await archive(store, traces(0))
    await archive(store, traces(TRACES))
    const limits = { ...COMPACTION_LIMITS, leastNewShare: 0 }
    const bytes = [...store.objects.values()].reduce((sum, object) => sum + object.length, 0)
    await compactHour(store, START_MS, { nowMs: START_MS, token: 'one' }, { ...limits, targetBytes: bytes / 3 })
    await compactHour(store, START_MS, { nowMs: START_MS + GRACE_MS, token: 'two' }, limits)
    const [lost = '', ...others] = store.objects.keys()
    expect([lost, ...others].map((each) => parseObjectKey(each)?.origin)).toEqual([
      'compacted',
      'compacted',
      'compacted',
    ])
    store.objects.set(lost, Buffer.alloc(100))
    const report = await replay(store, RULES)
    expect(report.failures.map(({ key }) => key)).toEqual([lost])
    expect(report.rules[0]?.violated).toBeGreaterThan(TRACES)
    await compactHour(store, START_MS, { nowMs: START_MS + 3 * GRACE_MS, token: 'three' }, limits)
    await compactHour(store, START_MS, { nowMs: START_MS + 9 * GRACE_MS, token: 'four' }, limits)
    expect((await replay(store, RULES, ONE_DAY)).rules[0]?.violated).toBe(report.rules[0]?.violated)
  })
})
