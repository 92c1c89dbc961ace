import { deflateSync, inflateSync } from 'node:zlib'
import { packChunk, unpackChunk } from '../shared/pipeline/chunk-codec.ts'
import { packing } from './data/packing.ts'
import { SERVICE_SHAPES } from './data/service-shapes.ts'
import { serviceChunks } from './data/services.ts'
import type { Case, Figure, Suite } from './suite.ts'

const CHUNKS_OF_A_SHAPE = 200
const LEVEL = 6
const MAX_BYTES = 1e6

/**
 * How small chunks are packed for the table and how fast, on services whose values, names and own attributes the
 * dictionary was not made from, against the same compression without it.
 */
export const suite: Suite = { name: 'codec', ownProcesses: true, cases, figures }

function cases(): readonly Case[] {
  const chunks = SERVICE_SHAPES.flatMap((shape) => serviceChunks(shape, 20)).map(({ bytes }) => bytes)
  const perChunk = { units: chunks.length, unit: 'chunk' }
  const deflated = chunks.map((bytes) => deflateSync(bytes, { level: LEVEL }))
  const packed = chunks.map(packChunk)
  const [pack, unpack] = ['deflate (zlib)', 'inflate (zlib)']
  return [
    { name: pack, run: () => chunks.map((bytes) => deflateSync(bytes, { level: LEVEL })), ...perChunk },
    {
      name: 'pack a chunk',
      run: () => chunks.map(packChunk),
      ...perChunk,
      against: { baseline: pack, ratio: 'times slower', atMost: 3 },
    },
    { name: unpack, run: () => deflated.map((bytes) => inflateSync(bytes)), ...perChunk },
    {
      name: 'unpack a chunk',
      run: () => packed.map((bytes) => unpackChunk(bytes, MAX_BYTES)),
      ...perChunk,
      against: { baseline: unpack, ratio: 'times slower', atMost: 3 },
    },
  ]
}

/** The bounds keep what there is; twice as small as without a dictionary was the aim, see docs/performance.md. */
function figures(): readonly Figure[] {
  return SERVICE_SHAPES.flatMap((shape): readonly Figure[] => {
    const { rawBytes, packedBytes, plainBytes, boundBytes, writeUnits } = packing(
      serviceChunks(shape, CHUNKS_OF_A_SHAPE),
    )
    const times = { unit: 'times', better: 'more' } as const
    return [
      { name: `${shape.name}: compression`, value: rawBytes / packedBytes, ...times },
      {
        ...{ name: `${shape.name}: smaller than without the dictionary`, value: plainBytes / packedBytes, ...times },
        atLeast: shape.ownWords ? 1.05 : 1.2,
      },
      { name: `${shape.name}: the same with a dictionary of its own chunks`, value: plainBytes / boundBytes, ...times },
      { name: `${shape.name}: write units a chunk`, value: writeUnits, unit: 'units', better: 'less', atMost: 1.2 },
    ]
  })
}
