import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyPatternsIn } from '../../shared/catalogue/key-pattern.ts'
import { InputError } from '../../shared/errors.ts'

const NAME = 'redacted-keys.json'

/** Notes in an archive's folder the keys whose values its catalogues do not repeat, for all who write there. */
export async function writeRedactedKeys(folder: string, keys: readonly string[]): Promise<void> {
  const path = join(folder, NAME)
  const text = JSON.stringify(keys)
  if ((await textOf(path)) === text) return
  if (keys.length === 0) return rm(path, { force: true })
  await mkdir(folder, { recursive: true })
  const unfinished = `${path}.new`
  await writeFile(unfinished, text, { mode: 0o600 })
  await rename(unfinished, path)
}

/** The keys, or patterns of them, that the folder says. Throws an InputError where the file is damaged: nobody is to guess. */
export async function readRedactedKeys(folder: string): Promise<readonly string[]> {
  const path = join(folder, NAME)
  const text = await textOf(path)
  if (text === undefined) return []
  const keys = keyPatternsIn(text)
  if (keys !== undefined) return keys
  throw new InputError({
    code: 'bad-setting',
    message: `${path} is damaged: it does not say which keys are redacted`,
    hint: 'start the server again with its --redact, or delete the file',
  })
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
