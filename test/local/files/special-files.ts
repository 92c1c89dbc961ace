import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { linkSync } from 'node:fs'
import { createServer } from 'node:net'

/** The command of every Unix that makes a pipe with a name; Node has no call for it. */
const MAKE_PIPE = 'mkfifo'

/** A pipe with a name, and nobody who writes to it. */
export function makePipe(path: string): string {
  execFileSync(MAKE_PIPE, [path])
  return path
}

/** A socket with a name, which stays after its server: closing removes only the name that it listens to. */
export async function makeSocket(path: string): Promise<string> {
  const server = createServer()
  server.listen({ path: `${path}.s` })
  await once(server, 'listening')
  linkSync(`${path}.s`, path)
  server.close()
  return path
}
