import type { Log } from '../../shared/pipeline/ports.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { type LostWrites, lostWritesPath, missing, noteLostWrites, readLostWrites } from './lost-writes.ts'
import { markPath, type Promised, PromiseMark } from './promise-mark.ts'

/** What the files of a database said when it was opened. */
export interface FoundPromises {
  /** The mark beside the database; undefined where there was none. */
  readonly marked: Promised | undefined
  /** What the database itself counts. */
  readonly left: Promised
  /** An earlier start made a mark. */
  readonly wasMarked: boolean
}

/** Counts on what a database promised, in its mark, and knows what it lacks of that. */
export class KeptPromises {
  private readonly path: string
  private readonly mark: PromiseMark | undefined
  /** What was missing when the database was opened, where that could not be noted. */
  private readonly unnoted: LostWrites | undefined
  /** Why the mark could not be written when that was last tried. */
  failure: string | undefined
  /** The mark was gone when the database was opened: whether anything is missing is not known. */
  readonly isUnmarked: boolean

  /**
   * Opens the mark of a database. What is lost is noted in a file of its own before the mark goes back to what is there,
   * so that a crash in between loses no loss.
   */
  constructor(databasePath: string, { marked, left, wasMarked }: FoundPromises) {
    this.path = databasePath
    this.isUnmarked = wasMarked && marked === undefined
    const isLess = marked !== undefined && marked.writes > left.writes
    const lost = isLess ? { foundAt: new Date().toISOString(), promised: marked, left } : undefined
    let mark: PromiseMark | undefined
    try {
      mark = new PromiseMark(databasePath, left)
      if (lost !== undefined) {
        noteLostWrites(databasePath, lost)
        mark.replace(left)
      }
      this.mark = mark
    } catch (error) {
      mark?.close()
      this.unnoted = lost
      this.failure = (error as Error).message
    }
  }

  /** Notes what is promised by now. A promise is kept without that, too: only a later loss would go unnoticed. */
  set(promised: Promised): void {
    try {
      this.mark?.set(promised)
      if (this.mark !== undefined) this.failure = undefined
    } catch (error) {
      this.failure = (error as Error).message
    }
  }

  /** Takes the mark to the disk. */
  async sync(): Promise<void> {
    await this.mark?.sync()
  }

  close(): void {
    this.mark?.close()
  }

  /** What was promised and is missing, until somebody acknowledges it by deleting the file that says so. */
  losses(): readonly LostWrites[] {
    return [...readLostWrites(this.path), ...(this.unnoted === undefined ? [] : [this.unnoted])]
  }

  /** Says at a start what is missing. */
  log(log: Log): void {
    const losses = this.losses()
    if (losses.length > 0) {
      const fields = { ...missing(losses), path: lostWritesPath(this.path), runbook: RUNBOOK.lost }
      log('error', 'promised writes are missing from the database', fields)
    }
    if (this.isUnmarked) {
      const fields = { path: markPath(this.path), runbook: RUNBOOK.lost }
      log('warn', 'the mark of what was promised is gone; whether spans are missing is not known', fields)
    }
  }

  /** The same for `/healthz`, with what to do; undefined where nothing is missing. */
  problem(): string | undefined {
    const losses = this.losses()
    if (losses.length === 0) return undefined
    const { spans, chunks, writes } = missing(losses)
    const found = losses.map(({ foundAt }) => foundAt).join(', ')
    const what = `${writes} promised writes are missing, with ${spans} spans in ${chunks} chunks, found ${found}`
    return `${what}; delete ${lostWritesPath(this.path)} when you have read ${RUNBOOK.lost}`
  }
}
