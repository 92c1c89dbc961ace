/** Makes a body of at most so many bytes. */
export type MakeBody = (bytes: number) => Buffer

/** As many repetitions of a tile as fit, at most `most`. */
export function tiled(bytes: number, tile: Uint8Array, most = Number.POSITIVE_INFINITY): Buffer {
  const count = Math.min(Math.floor(bytes / tile.length), most)
  return Buffer.alloc(Math.max(count, 1) * tile.length, tile)
}
