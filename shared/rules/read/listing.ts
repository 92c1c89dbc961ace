/** Problems, or warnings, of a set that are listed one by one: nobody corrects more at once, and each takes memory. */
export const MAX_LISTEDS = 1000

/** How many are not listed. */
export interface More {
  readonly count: number
  /** Files that hold them. */
  readonly files: number
}

export const NO_MORE: More = { count: 0, files: 0 }

/** What is found in the files of a set, the first 1,000 one by one. */
export interface Listing<Item> {
  readonly items: readonly Item[]
  readonly more: More
}

/** A listing while it is made. */
export interface OpenListing<Item> {
  readonly items: Item[]
  unlisted: number
  readonly unlistedFiles: Set<string>
}

export function newListing<Item>(): OpenListing<Item> {
  return { items: [], unlisted: 0, unlistedFiles: new Set() }
}

/** How many more are listed. */
export function roomIn({ items }: OpenListing<unknown>): number {
  return MAX_LISTEDS - items.length
}

/** Adds what was found in a file: `count` is their number, `items` are those that fit in. */
export function list<Item>(listing: OpenListing<Item>, file: string, items: readonly Item[], count: number): void {
  const listed = items.slice(0, roomIn(listing))
  for (const item of listed) listing.items.push(item)
  if (count === listed.length) return
  listing.unlisted += count - listed.length
  listing.unlistedFiles.add(file)
}

export function closed<Item>({ items, unlisted, unlistedFiles }: OpenListing<Item>): Listing<Item> {
  return { items, more: { count: unlisted, files: unlistedFiles.size } }
}

/** All that were found, listed or not. */
export function countIn({ items, more }: Listing<unknown>): number {
  return items.length + more.count
}

/** `and 149,000 more problems in 3 files`; undefined where all are listed. */
export function moreText({ count, files }: More, what: 'problem' | 'warning'): string | undefined {
  if (count === 0) return undefined
  const things = `${count.toLocaleString('en')} more ${count === 1 ? what : `${what}s`}`
  return `and ${things} in ${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}`
}
