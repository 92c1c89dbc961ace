import { parentPort, workerData } from 'node:worker_threads'
import type { AssembleLimits } from '../../shared/trace/assemble.ts'
import { archiveJournal } from './archive-journal.ts'
import type { ArchiveReply } from './archive-thread.ts'
import { folderStore } from './folder-store.ts'

/** What the thread is told when it starts. */
export interface ArchiveWorkerTask {
  readonly folder: string
  readonly limits: AssembleLimits
}

const { folder, limits }: ArchiveWorkerTask = workerData
const store = folderStore(folder)

/** The path of a closed journal in; out what became of it, or why nothing did. */
parentPort?.on('message', async (path: string) => {
  try {
    const done = await archiveJournal(path, store, limits)
    parentPort?.postMessage({ done } satisfies ArchiveReply)
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error)
    parentPort?.postMessage({ failed } satisfies ArchiveReply)
  }
})
