import { stat } from 'node:fs/promises'
import { programBeside, TaskThread } from '../task-thread.ts'
import { type ArchiveReply, tryArchiving } from './archive-journal.ts'
import type { ArchiveWorkerTask } from './archive-worker.ts'
import { folderStore } from './folder-store.ts'

/** A journal so small is turned sooner than a thread is up, and holds up nobody. */
const BYTES_WORTH_A_THREAD = 256 * 1024
/** A thread that turned a larger journal is ended, since it would keep many times as much. */
const KEPT_BYTES = 1024 * 1024

/**
 * Many times what the largest trace takes. The thread collects garbage sooner than it would without a limit, which for
 * the largest request of small traces takes half of the memory.
 */
const HEAP_MB = 1024

/** A thread that turns journals into objects, one at a time; started when first needed, and again if it dies. */
export class ArchiveThread {
  private readonly task: ArchiveWorkerTask
  private readonly thread = new TaskThread<string, ArchiveReply, ArchiveWorkerTask>({
    file: programBeside(import.meta.url, 'archive-worker'),
    name: "the archive's thread",
    heapMb: HEAP_MB,
  })

  constructor(task: ArchiveWorkerTask) {
    this.task = task
  }

  /** Never rejects. */
  async archive(path: string): Promise<ArchiveReply> {
    const { size = 0 } = (await stat(path).catch(() => undefined)) ?? {}
    if (size <= BYTES_WORTH_A_THREAD) return tryArchiving(path, folderStore(this.task.folder))
    try {
      return await this.thread.ask(() => ({ task: path, data: this.task, isLast: size > KEPT_BYTES }))
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) }
    }
  }

  close(): Promise<void> {
    return this.thread.close()
  }
}
