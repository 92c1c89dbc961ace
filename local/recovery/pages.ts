/** The pages of a database file that may be damaged, with what its write-ahead log says of them. */
export interface PageFile {
  readonly pageCount: number
  /** Bytes of a page that hold content. */
  readonly usableBytes: number
  /** The frame of the log from which on SQLite itself would read nothing. */
  readonly damagedFrame: number | undefined
  /** Pages from 1 on; undefined where the file ends before it. */
  page(number: number): Buffer | undefined
  /** Pages that are free: their content was deleted. */
  freePages(): ReadonlySet<number>
  close(): void
}
