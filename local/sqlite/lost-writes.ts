import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Promised } from './promise-mark.ts'

/** What a database lacks of what was promised. */
export interface LostWrites {
  /** RFC 3339, UTC. */
  readonly foundAt: string
  /** What was promised, and what was left of it when that was noticed. */
  readonly promised: Promised
  readonly left: Promised
}

/** Beside the database: a line of JSON for each loss that was found, until somebody deletes the file. */
export function lostWritesPath(databasePath: string): string {
  return join(dirname(databasePath), 'lost-writes.jsonl')
}

/** Notes a loss, once however often it is found, and syncs that to the disk; throws what the file system throws. */
export function noteLostWrites(databasePath: string, lost: LostWrites): void {
  const { promised, left } = lost
  const same = (a: Promised, b: Promised) => a.writes === b.writes && a.spans === b.spans
  const before = readLostWrites(databasePath)
  if (before.some((other) => same(other.promised, promised) && same(other.left, left))) return
  const file = openSync(lostWritesPath(databasePath), 'a', 0o600)
  try {
    writeSync(file, `${JSON.stringify(lost)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The losses that nobody has acknowledged yet, by deleting the file, oldest first. */
export function readLostWrites(databasePath: string): readonly LostWrites[] {
  const path = lostWritesPath(databasePath)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').flatMap(lineRead)
}

/** A line that a crash cut off was of a loss that is found again. */
function lineRead(line: string): readonly LostWrites[] {
  try {
    const { foundAt, promised, left } = JSON.parse(line)
    return [{ foundAt, promised, left }]
  } catch {
    return []
  }
}

/** How much is missing, summed over losses. */
export function missing(losses: readonly LostWrites[]): Promised {
  const sum = (count: (promised: Promised) => number) =>
    losses.reduce((total, { promised, left }) => total + Math.max(0, count(promised) - count(left)), 0)
  return {
    writes: sum(({ writes }) => writes),
    chunks: sum(({ chunks }) => chunks),
    spans: sum(({ spans }) => spans),
  }
}
