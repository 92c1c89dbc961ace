import { parentPort, workerData } from 'node:worker_threads'
import { tryArchiving } from './archive-journal.ts'
import { folderStore } from './folder-store.ts'

/** What the thread gets when it starts. */
export interface ArchiveWorkerTask {
  readonly folder: string
}

const { folder }: ArchiveWorkerTask = workerData
const store = folderStore(folder)

/** The path of a closed journal in; out what became of it. */
parentPort?.on('message', async (path: string) => {
  parentPort?.postMessage(await tryArchiving(path, store))
})
