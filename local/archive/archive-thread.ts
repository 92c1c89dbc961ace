import { Worker } from 'node:worker_threads'
import type { ArchivedJournal } from './archive-journal.ts'
import type { ArchiveWorkerTask } from './archive-worker.ts'

/** What the thread made of a journal. */
export type ArchiveReply = { readonly done: ArchivedJournal } | { readonly failed: string }

/** Extension of the worker's file: the sources run as they are, the package is compiled. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

/** A thread that turns journals into objects, one at a time; started when first needed, and anew if it dies. */
export class ArchiveThread {
  private readonly task: ArchiveWorkerTask
  private worker: Worker | undefined

  constructor(task: ArchiveWorkerTask) {
    this.task = task
  }

  /** Never rejects; ask for the next only when this one is answered. */
  archive(path: string): Promise<ArchiveReply> {
    this.worker ??= new Worker(new URL(`./archive-worker${EXTENSION}`, import.meta.url), { workerData: this.task })
    const { worker } = this
    return new Promise((resolve) => {
      const answer = (reply: ArchiveReply) => {
        worker.removeAllListeners()
        resolve(reply)
      }
      worker.once('message', answer)
      worker.once('error', (error) => {
        this.worker = undefined
        answer({ failed: error instanceof Error ? error.message : String(error) })
      })
      worker.postMessage(path)
    })
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
  }
}
