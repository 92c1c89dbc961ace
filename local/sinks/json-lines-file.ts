import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { eventLine } from '../../shared/text/signal-text.ts'
import { requireRegular } from '../files/input-file.ts'
import type { Database } from '../sqlite/database.ts'
import { dropWrittenTexts, signalOf, WITH_TEXT } from '../sqlite/stored-signal.ts'

const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK = 0 } = constants

/** Lines written, and synced, at a time. */
const BATCH = 1_000

/**
 * Appends stored signals to a file, a line of JSON each. What the file does not take stays in the database and is
 * written later, in order: a full disk loses no line and holds up nothing else. A crash may write one twice.
 */
export class JsonLinesFile {
  private readonly database: Database
  private readonly path: string
  private failure: string | undefined
  private running: Promise<void> = Promise.resolve()
  failures = 0

  constructor(database: Database, path: string) {
    this.database = database
    this.path = path
  }

  /** Signals that wait to be written, and what is in the way. */
  state(): { readonly waiting: number; readonly reason: string | undefined } {
    const waiting = Number(this.database.get('SELECT count(*) AS waiting FROM signals WHERE lined = 0')?.waiting)
    return { waiting, reason: waiting > 0 ? this.failure : undefined }
  }

  /** Writes what waits; rejects with what is in the way. */
  runDue(): Promise<void> {
    this.running = this.running.catch(() => {}).then(() => this.run())
    return this.running
  }

  private async run(): Promise<void> {
    const sql = `${WITH_TEXT} WHERE lined = 0 ORDER BY signals.rowid LIMIT ?`
    for (;;) {
      const rows = this.database.all(sql, BATCH)
      if (rows.length === 0) return
      await this.append(rows.map((row) => eventLine(signalOf(row))).join(''))
      await this.database.write(() => {
        for (const { id } of rows) this.database.run('UPDATE signals SET lined = 1 WHERE rowid = ?', Number(id))
        dropWrittenTexts(
          this.database,
          rows.map(({ event_id: eventId }) => String(eventId)),
        )
      })
    }
  }

  private async append(text: string): Promise<void> {
    try {
      // Opened each time, so that a file that was moved away (logrotate) is created again.
      const file = await openJsonLines(this.path)
      try {
        await appendWhole(file, text)
      } finally {
        await file.close()
      }
      this.failure = undefined
    } catch (error) {
      this.failures++
      this.failure = (error as Error).message
      throw error
    }
  }
}

/**
 * Opens a file to append lines to, or makes it; throws what the file system throws, and an InputError where it is no
 * file: what is written to a pipe cannot be synced, and nobody knows that it was read.
 */
export async function openJsonLines(path: string): Promise<FileHandle> {
  const before = await stat(path).catch(() => undefined)
  if (before !== undefined) requireRegular(before)
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK)
  try {
    requireRegular(await file.stat())
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** All of it or, if that fails, nothing: half a line would spoil the next. */
async function appendWhole(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat()
  const torn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a
  try {
    await file.appendFile(torn ? `\n${text}` : text)
    await file.datasync()
  } catch (error) {
    await file.truncate(size).catch(() => {})
    throw error
  }
}
