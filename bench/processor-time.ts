import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Time that this process had a processor, so that what else runs on the machine counts as little as can be. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

// A collection that is asked for would else throw away code that was not run lately, which no server's own does at once.
setFlagsFromString('--no-flush-bytecode')
setFlagsFromString('--expose-gc')

/** Collects garbage, so that no case pays for that of the one before. */
export const settle: () => void = runInNewContext('gc')
