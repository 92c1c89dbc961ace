import { stat } from 'node:fs/promises'
import { archiveFolder } from '../local/archive/parquet-archive.ts'
import { CommandError } from './command-error.ts'

/** The archive of a data folder; a CommandError where there is none, so that a wrong path is not taken for "nothing found". */
export async function existingArchive(dataFolder: string): Promise<string> {
  const folder = archiveFolder(dataFolder)
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return folder
  throw new CommandError(
    `there is no archive in ${dataFolder}`,
    'name the data folder with --data; a server makes its archive with the first trace it judges',
  )
}
