import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Of the user alone. */
export const PRIVATE = 0o700

/**
 * Makes a folder, and those above it that are missing; throws what the file system throws. (Node's own recursive way
 * never returns where a file system holds no folders of ours, as /proc does.) `mode` is of the folder itself, if it is
 * made, less what the process's umask takes.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolder(dirname(folder))
    mkdirSync(folder, mode)
  }
}
