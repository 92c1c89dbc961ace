import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../../../local/sqlite/database.ts'

const opened: Database[] = []
const folders: string[] = []

/** An empty folder, gone after `closeDatabases`. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-test-'))
  folders.push(folder)
  return folder
}

/** A database in a file of its own. */
export function newDatabase(path = join(newFolder(), 'betrace.db')): Database {
  const database = new Database(path, 1024 ** 3)
  opened.push(database)
  return database
}

/** Closes what was opened and removes the folders. */
export function closeDatabases(): void {
  for (const database of opened.splice(0)) database.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
