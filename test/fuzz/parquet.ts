import { readCatalogue } from '../../shared/archive/read-catalogue.ts'
import { readFooter } from '../../shared/archive/read-footer.ts'
import { readRecords } from '../../shared/archive/read-records.ts'
import type { TraceRecord } from '../../shared/archive/trace-record.ts'
import { writeObject } from '../../shared/archive/write-object.ts'
import { planReplay } from '../../shared/replay/plan.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { sourceOf } from '../archive/byte-source.ts'
import { memoryStore } from '../archive/memory-store.ts'
import type { Random } from '../pipeline/model/random.ts'
import { archive, ONE_DAY, recordOf } from '../replay/archived.ts'
import { mutatedBytes } from './mutate-bytes.ts'
import { type OpenTarget, type Target, violate } from './target.ts'

/** Objects of the archive. */
export const parquet: Target = {
  name: 'parquet',
  about:
    'damaged objects of the archive: replayed and catalogued beside sound ones, which must be judged and counted; the damaged one is named',
  open: async () => openParquet(),
}

const { rules } = checkRules([
  {
    file: 'a.rules',
    text: `// Signal: VALUES (low)
trace.has(a).where(text starts with value and span.duration > 0ms)
// Signal: MANY (low)
trace.count(any) > 2 and trace.sum(a, number) > 3
// Signal: KIN (low)
b under a
`,
  },
])
const set = compileRules(rules)

const idOf = (index: number) => index.toString(16).padStart(32, '0')

/** Records of a few traces, with what makes all kinds of pages: repeated and unique texts, numbers, absent values. */
function records(first: number, count: number): readonly TraceRecord[] {
  return Array.from({ length: count }, (_, index) =>
    recordOf({
      traceId: idOf(first + index),
      spans: [
        { name: 'a', attributes: { text: `value ${index}`, number: index * 1.5, long: 'x'.repeat(index % 50) } },
        { name: 'b', parent: 1, status: index % 3, resource: index % 2 === 0 ? {} : { 'service.name': 'pay' } },
        {
          name: `only ${index}`,
          kind: index % 6,
          attributes: { list: [1, 'two', true], map: new Map([['k', index]]) },
        },
      ],
    }),
  )
}

const SOUND_TRACES = 5

async function openParquet(): Promise<OpenTarget> {
  const written = [records(1, 1), records(1, 12), records(1, 60)].map((all) => writeObject(all).bytes)
  const objects = written.map((bytes) => Buffer.from(bytes))
  const contents = new Set<string | undefined>(await Promise.all(objects.map(contentOf)))
  const sound = memoryStore()
  await archive(sound, records(0x1000, SOUND_TRACES))
  const [soundKey = ''] = sound.objects.keys()
  const damagedKey = soundKey.replace(/w-[0-9a-f]+/, `w-${'d'.repeat(32)}`)
  const whole = new Set(objects.map((object) => object.toString('latin1')))
  return {
    generate: (random) => generate(random, objects),
    async check(input) {
      const content = await contentOf(input)
      if (content !== undefined && !contents.has(content)) violate('damage reads as other spans')
      const store = memoryStore()
      for (const [key, bytes] of sound.objects) await store.put(key, bytes)
      await store.put(damagedKey, input)
      const isWhole = whole.has(Buffer.from(input).toString('latin1'))
      await checkReplay(store, damagedKey, isWhole)
      await checkCatalogue(store, damagedKey, isWhole)
    },
    bounds: { ms: (bytes) => 500 + bytes / 50, allocatedBytes: (bytes) => 64 * 1024 * 1024 + 300 * bytes },
  }
}

/** Mostly small damage; in the footer, which says where everything is, as often as anywhere else. */
function generate(random: Random, objects: readonly Buffer[]): Uint8Array {
  const object = random.pick(objects)
  const other = random.pick(objects)
  if (random.chance(0.02)) return object
  const footerAt = object.length - 8 - object.readUInt32LE(object.length - 8)
  switch (random.between(0, 4)) {
    case 0:
      return mutatedBytes(random, object, objects)
    case 1: {
      const footer = mutatedBytes(random, object.subarray(footerAt, -8), [other])
      const tail = Buffer.from(object.subarray(-8))
      if (random.chance(0.9)) tail.writeUInt32LE(footer.length)
      return Buffer.concat([object.subarray(0, footerAt), footer, tail])
    }
    case 2: {
      // The pages of one object under the footer of another.
      const otherFooterAt = other.length - 8 - other.readUInt32LE(other.length - 8)
      return Buffer.concat([object.subarray(0, footerAt), other.subarray(otherFooterAt)])
    }
    case 3: {
      const damaged = Buffer.from(object)
      const from = random.between(4, footerAt - 1)
      damaged.fill(random.pick([0, 0xff]), from, Math.min(footerAt, from + random.between(1, 200)))
      return damaged
    }
    default: {
      const flipped = Buffer.from(object)
      const at = random.between(4, footerAt - 1)
      flipped[at] = (flipped[at] as number) ^ (1 << random.between(0, 7))
      return flipped
    }
  }
}

/** All that the reader gives of an object; undefined where it says that it is damaged. Any other error is a bug. */
async function contentOf(input: Uint8Array): Promise<string | undefined> {
  const source = sourceOf(input)
  const read: TraceRecord[] = []
  try {
    for await (const record of readRecords(source, await readFooter(source))) read.push(record)
  } catch (error) {
    if ((error as Error).name !== 'ArchiveObjectError') throw error
    return undefined
  }
  return JSON.stringify(read, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

/** The sound object is judged, whatever the other is; an object that was not named gave all its rows. */
async function checkReplay(store: ReturnType<typeof memoryStore>, damagedKey: string, isWhole: boolean): Promise<void> {
  const { items } = await planReplay(store, ONE_DAY, { mostItemBytes: Number.MAX_SAFE_INTEGER })
  const worker = newWorker(store, set, ONE_DAY, 1000)
  const failed: { readonly key: string }[] = []
  const soundOnes = new Set<string>()
  for (const item of items) {
    const tally = await workOn(worker, item)
    failed.push(...tally.failures)
    for (const { data } of tally.rules[0]?.samples ?? []) if (data.traceId >= idOf(0x1000)) soundOnes.add(data.traceId)
  }
  for (const { key } of failed) if (key !== damagedKey) violate(`a sound object is called damaged: ${key}`)
  if (soundOnes.size < SOUND_TRACES) violate(`${soundOnes.size} of ${SOUND_TRACES} sound traces were judged`)
  if (isWhole && failed.length > 0) violate('an object as it was written is called damaged')
}

/** The sound object is in the catalogue, whatever the other is. */
async function checkCatalogue(
  store: ReturnType<typeof memoryStore>,
  damagedKey: string,
  isWhole: boolean,
): Promise<void> {
  const { catalogue, failures } = await readCatalogue(store, ONE_DAY)
  for (const { key } of failures) if (key !== damagedKey) violate(`a sound object is called damaged: ${key}`)
  if (isWhole && failures.length > 0) violate('the catalogue of an object as it was written is called damaged')
  const spans = catalogue.names.get('a')?.spans ?? 0
  if (spans < SOUND_TRACES) violate(`the catalogue counts ${spans} of ${SOUND_TRACES} sound spans`)
}
