import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { type LogAndFile, readLogAndFile } from './log-and-file.ts'
import type { PageFile } from './pages.ts'

const DEFAULT_PAGE_BYTES = 4096

export function openPageFile(path: string, files: LogAndFile = readLogAndFile(path)): PageFile {
  const { wal: log, mismatch } = files
  // The file holds everything that an older log does.
  const wal = mismatch === 'old-log' ? undefined : log
  const file = existsSync(path) ? openSync(path, 'r') : undefined
  const header = Buffer.alloc(100)
  if (file !== undefined) readSync(file, header, 0, 100, 0)
  const pageBytes = wal?.pageBytes ?? pageBytesOf(header)
  const latest = new Map(wal?.pages.map(({ page, content }) => [page, content]))
  const inFile = file === undefined ? 0 : Math.ceil(fstatSync(file).size / pageBytes)
  const pageCount = Math.max(inFile, wal?.pageCount ?? saidPages(header, inFile))
  const page = (number: number) => latest.get(number) ?? readPage(file, number, pageBytes)
  const reserved = (page(1) ?? header).readUInt8(20)
  return {
    pageCount,
    // Nobody reserves much; what says so is damaged.
    usableBytes: pageBytes - (reserved <= 32 ? reserved : 0),
    damagedFrame: wal?.damagedFrame,
    page,
    freePages: () => freePages(page, pageCount),
    close: () => file !== undefined && closeSync(file),
  }
}

function pageBytesOf(header: Buffer): number {
  const said = header.readUInt16BE(16)
  if (said === 1) return 65_536
  return said >= 512 && (said & (said - 1)) === 0 ? said : DEFAULT_PAGE_BYTES
}

/** How many pages the file should have; no more than twice what it has, or damage to that number would make it endless. */
function saidPages(header: Buffer, inFile: number): number {
  const isValid = header.readUInt32BE(24) === header.readUInt32BE(92)
  const said = header.readUInt32BE(28)
  return isValid && said <= 2 * inFile + 1_000 ? said : 0
}

function readPage(file: number | undefined, number: number, pageBytes: number): Buffer | undefined {
  if (file === undefined) return undefined
  const page = Buffer.alloc(pageBytes)
  return readSync(file, page, 0, pageBytes, (number - 1) * pageBytes) === pageBytes ? page : undefined
}

/** Follows the list of free pages as far as it makes sense (https://www.sqlite.org/fileformat.html#the_freelist). */
function freePages(page: PageFile['page'], pageCount: number): ReadonlySet<number> {
  const free = new Set<number>()
  let trunk = page(1)?.readUInt32BE(32) ?? 0
  while (trunk > 1 && trunk <= pageCount && !free.has(trunk)) {
    free.add(trunk)
    const content = page(trunk)
    if (content === undefined) break
    const count = content.readUInt32BE(4)
    const leaves =
      count <= content.length / 4 - 2 ? Array.from({ length: count }, (_, i) => content.readUInt32BE(8 + 4 * i)) : []
    if (leaves.some((leaf) => leaf < 2 || leaf > pageCount)) break
    for (const leaf of leaves) free.add(leaf)
    trunk = content.readUInt32BE(0)
  }
  return free
}
