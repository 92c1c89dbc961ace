import { HOUR_MS, hourPrefix } from '../archive/object-key.ts'
import type { ReplayPlan, WorkItem } from './plan.ts'
import type { Failure } from './tally.ts'

/** The items of a plan that one worker takes. */
export type Share = readonly WorkItem[]

/** A worker takes some seconds to start, and reads this many bytes in about ten. */
const SHARE_BYTES = 64 * 1024 * 1024
/** Reading a small item is mostly waiting for S3. */
const ITEM_BYTES = 512 * 1024
/** More workers than this would take longer to start and to add up than to work. */
const MAX_SHARES = 5_000

/** Cuts the items of a plan into shares of about equal work. */
export function divide({ items }: Pick<ReplayPlan, 'items'>): readonly Share[] {
  const all = items.reduce((sum, item) => sum + weightOf(item), 0)
  const most = Math.max(SHARE_BYTES, all / MAX_SHARES)
  const shares: WorkItem[][] = []
  let weight = Number.POSITIVE_INFINITY
  for (const item of items) {
    if (weight + weightOf(item) > most) {
      shares.push([])
      weight = 0
    }
    shares.at(-1)?.push(item)
    weight += weightOf(item)
  }
  return shares
}

function weightOf({ objects }: WorkItem): number {
  return objects.reduce((sum, { byteLength }) => sum + byteLength + ITEM_BYTES / 16, ITEM_BYTES)
}

/** Failures that are named of one share. */
const MAX_NAMED = 100

/** What a report says where a whole share was not judged: each of its objects, or how many more there are. */
export function shareFailures(share: Share, reason: string): readonly Failure[] {
  const keys = share.flatMap(({ objects }) => objects.map(({ key }) => key))
  const named = [...new Set(keys)].slice(0, MAX_NAMED).map((key) => ({ key, reason }))
  const rest = new Set(keys).size - named.length
  if (rest === 0) return named
  const hours = share.map(({ hourMs }) => hourMs)
  const from = hourPrefix(Math.min(...hours))
  const to = hourPrefix(Math.max(...hours) + HOUR_MS)
  return [...named, { key: from, reason: `and ${rest} more objects before ${to}: ${reason}` }]
}
