import { InputError } from '../../shared/errors.ts'
import type { References } from '../../shared/incidents/notify/references.ts'
import { namedFile, readInput } from '../files/input-file.ts'

/** A key, a token or a URL; a file larger than this is another one. */
const MAX_VALUE_BYTES = 64 * 1024

/** References on a machine of one's own: variables and files. Without AWS there are no secrets to look up. */
export function localReferences(env: Readonly<Record<string, string | undefined>>): References {
  return { env: (name) => env[name], file: readValue }
}

async function readValue(path: string): Promise<string> {
  try {
    const bytes = await readInput(await namedFile(path), MAX_VALUE_BYTES)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error(reasonOf(error as NodeJS.ErrnoException))
  }
}

function reasonOf(error: NodeJS.ErrnoException | InputError | TypeError): string {
  if (error instanceof InputError) return error.message
  if (error instanceof TypeError) return 'it is not UTF-8 text'
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return 'it does not exist'
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'this user may not read it'
  return error.message
}
