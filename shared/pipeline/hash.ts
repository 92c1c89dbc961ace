import { createHash } from 'node:crypto'

/** 32 hex digits that differ where any part differs, however the parts are cut. */
export function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
