import { stat } from 'node:fs/promises'
import { archiveFolder } from '../local/archive/parquet-archive.ts'
import { CommandError } from './command-error.ts'

/** Throws a CommandError if the folder does not exist, so that a wrong path is not taken for "nothing found". */
export async function requireData(dataFolder: string): Promise<void> {
  if (await isFolder(dataFolder)) return
  throw new CommandError(
    `the data folder ${dataFolder} does not exist`,
    'name the folder a server keeps its data in with --data',
  )
}

/** The archive of a data folder; a CommandError if it has no archive. */
export async function existingArchive(dataFolder: string): Promise<string> {
  const folder = archiveFolder(dataFolder)
  if (await isFolder(folder)) return folder
  throw new CommandError(
    `${dataFolder} has no archive`,
    'name the data folder with --data; a server makes its archive with the first trace it judges',
  )
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}
