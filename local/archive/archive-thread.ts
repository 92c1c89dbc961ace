import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { type ArchiveReply, tryArchiving } from './archive-journal.ts'
import type { ArchiveWorkerTask } from './archive-worker.ts'
import { folderStore } from './folder-store.ts'

/** Extension of the worker's file: the sources run as they are, the package is compiled. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

/** A journal so small is turned sooner than a thread is up, and holds up nobody. */
const BYTES_WORTH_A_THREAD = 256 * 1024

/** A thread that turns journals into objects, one at a time; started when first needed, and again if it dies. */
export class ArchiveThread {
  private readonly task: ArchiveWorkerTask
  private worker: Worker | undefined

  constructor(task: ArchiveWorkerTask) {
    this.task = task
  }

  /** Never rejects; ask for the next only when this one is answered. */
  async archive(path: string): Promise<ArchiveReply> {
    const { folder } = this.task
    const size = await stat(path).catch(() => undefined)
    if (size !== undefined && size.size > BYTES_WORTH_A_THREAD) return this.ask(path)
    return tryArchiving(path, folderStore(folder))
  }

  private ask(path: string): Promise<ArchiveReply> {
    this.worker ??= new Worker(new URL(`./archive-worker${EXTENSION}`, import.meta.url), { workerData: this.task })
    const { worker } = this
    return new Promise((resolve) => {
      // One by one: without its own listeners, which removeAllListeners takes along, a worker delivers nothing more.
      const answer = (reply: ArchiveReply) => {
        worker.off('message', answer).off('error', died).off('exit', died)
        resolve(reply)
      }
      const died = (cause: unknown) => {
        this.worker = undefined
        answer({ failed: cause instanceof Error ? cause.message : `the archive's thread ended: ${cause}` })
      }
      worker.once('message', answer).once('error', died).once('exit', died)
      worker.postMessage(path)
    })
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
  }
}
