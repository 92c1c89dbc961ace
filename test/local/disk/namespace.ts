import { spawnSync } from 'node:child_process'

/** The command before which a program may mount what nobody else sees. */
const OWN_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount'] as const

/** Whether this machine lets a program mount file systems of its own, without being root. */
export function mayMount(): boolean {
  const [command, ...args] = OWN_MOUNTS
  return spawnSync(command, [...args, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
}

/** Runs a script of ours where it may mount, to its end; what it prints is JSON. */
export function runMounting(script: URL, ...args: readonly string[]): unknown {
  const [command, ...before] = OWN_MOUNTS
  const { status, stdout, stderr } = spawnSync(command, [...before, process.execPath, script.pathname, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (status !== 0) throw new Error(`${script.pathname} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

/** The same where root, too, has only the rights that a file's mode gives. */
export function runUnprivileged(script: URL, ...args: readonly string[]): unknown {
  const dropped = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all']
  const [command = '', ...rest] = [...(process.getuid?.() === 0 ? dropped : []), process.execPath, script.pathname]
  const { status, stdout, stderr } = spawnSync(command, [...rest, ...args], { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(`${script.pathname} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}
