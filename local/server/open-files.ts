import type { Log } from '../../shared/pipeline/ports.ts'
import { sparingLog } from '../log.ts'
import type { RuntimeSettings } from '../settings.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from './connection-limits.ts'
import { Connections } from './connections.ts'

/** Database, archive, rules, webhooks, and what Node needs. */
const FILES_OF_OUR_OWN = 128
/** Fewer would not serve anybody. */
const MIN_CONNECTIONS = 16
/** What clients do wrong they do with every connection. */
const REPEAT_MS = 3_600_000

/** The connections of a server that is about to start; where the system allows fewer, the log says what to do. */
export function newConnections(settings: RuntimeSettings, log: Log, openFiles = maxOpenFiles()): Connections {
  const { limits, advice } = connectionLimits(settings, openFiles)
  if (advice !== undefined) log('warn', advice)
  return new Connections(limits, sparingLog(log, undefined, REPEAT_MS))
}

/**
 * Files and sockets that the system lets this process have open at one time; undefined where it does not say (Windows)
 * or has no limit. Node has raised it as far as the user may.
 */
function maxOpenFiles(): number | undefined {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean }
  const { excludeNetwork } = report
  // Without it names of the addresses of all connections are looked up.
  report.excludeNetwork = true
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } }
  report.excludeNetwork = excludeNetwork
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : undefined
}

/** The limits of a server, lowered to the files that may be open, and in that case what to do about it. */
export function connectionLimits(
  { maxConnections, maxConnectionsPerAddress: maxPerAddress }: RuntimeSettings,
  openFiles: number | undefined,
): { readonly limits: ConnectionLimits; readonly advice: string | undefined } {
  const limits = { ...CONNECTION_LIMITS, maxConnections, maxPerAddress }
  const needed = maxConnections + limits.reserved + FILES_OF_OUR_OWN
  if (openFiles === undefined || openFiles >= needed) return { limits, advice: undefined }
  const reserved = Math.min(limits.reserved, Math.ceil(openFiles / 10))
  const left = Math.max(MIN_CONNECTIONS, openFiles - FILES_OF_OUR_OWN - reserved)
  const lowered = { ...limits, reserved, maxConnections: Math.min(maxConnections, left) }
  if (lowered.maxConnections === maxConnections) return { limits: lowered, advice: undefined }
  const advice = `the system lets this process open ${openFiles} files, so that it takes ${lowered.maxConnections} connections at one time, not ${maxConnections}: raise the limit to ${needed} (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker), or set --max-connections`
  return { limits: lowered, advice }
}
