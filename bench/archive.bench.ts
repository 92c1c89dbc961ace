import { gzipSync } from 'node:zlib'
import { type ShopTrace, shopTraffic } from '../cli/demo/replay/traffic.ts'
import { writeObject } from '../shared/archive/write-object.ts'
import { decodeTraces } from '../test/otlp/otlp-proto.ts'
import { archived, framesOf } from './data/archived.ts'
import { once } from './once.ts'
import type { Case, Figure, Suite } from './suite.ts'

const TRAFFIC = { fromMs: Date.UTC(2025, 9, 15, 8), hours: 1, tracesAnHour: 3_000, violations: 50, seed: 2 }

const sent = once(() => [...shopTraffic(TRAFFIC, () => {})])
const spans = once(() => sent().reduce((sum, { spanCount }) => sum + spanCount, 0))

/** From the OTLP of some thousand traces to an object of the archive, against other ways of keeping the same spans. */
export const suite: Suite = { name: 'archive', ownProcesses: true, cases, figures }

function cases(): readonly Case[] {
  const lines = 'OTLP/JSON lines, made and gzipped'
  const perSpan = { units: spans(), unit: 'span' }
  return [
    { name: lines, run: () => linesOf(sent()), ...perSpan },
    {
      name: 'archive: OTLP decoded and written as an object',
      run: () => objectOf(sent()),
      ...perSpan,
      against: { baseline: lines, ratio: 'times slower', atMost: 1.5 },
    },
    {
      name: 'OTLP as it came, zstd-compressed and not looked at',
      run: () => [...framesOf(sent())],
      ...perSpan,
      against: { baseline: lines, ratio: 'times faster' },
    },
  ]
}

function figures(): readonly Figure[] {
  const frames = [...framesOf(sent())].reduce((sum, { length }) => sum + length, 0)
  const aSpan = (name: string, bytes: number): Figure => ({
    ...{ name: `${name}: bytes a span`, value: bytes / spans(), unit: 'bytes', better: 'less' },
  })
  const object = objectOf(sent()).length
  const lines = linesOf(sent()).length
  return [
    aSpan('an object of the archive', object),
    aSpan('OTLP/JSON lines, gzipped', lines),
    aSpan('OTLP as it came, zstd-compressed', frames),
    {
      ...{ name: 'an object of the archive against gzipped lines', value: lines / object, unit: 'times smaller' },
      ...{ better: 'more', atLeast: 1.2 },
    },
  ]
}

function linesOf(traces: readonly ShopTrace[]): Uint8Array {
  return gzipSync(traces.map(({ chunk }) => `${JSON.stringify(decodeTraces(chunk))}\n`).join(''))
}

function objectOf(traces: readonly ShopTrace[]): Uint8Array {
  return writeObject(traces.map(archived)).bytes
}
