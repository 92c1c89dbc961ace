import { counted } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import { CommandError } from '../command-error.ts'
import { type ExitCode, paint, type Terminal } from '../terminal.ts'
import { paceRequests } from './drive.ts'
import { planRequests, SHOP_FOLDER, SHOP_PACKS } from './plan.ts'
import type { DemoOptions } from './play.ts'
import { type Shop, startShop } from './shop.ts'
import { createStatusLine } from './status-line.ts'

/** Where the shop's spans go instead of a pipeline of the demo's own. */
export interface Destination {
  /** `http://host:port`, without a path. */
  readonly endpoint: string
  /** Sent as `x-api-key`. */
  readonly apiKey?: string
}

/**
 * Sends the shop's traffic to a server that is already running. Says which request carries which fault, and at the end how
 * many spans were not taken. Throws a CommandError where nothing answers at the endpoint, or it refuses OTLP.
 */
export async function sendTo(
  { endpoint, apiKey }: Destination,
  options: DemoOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { stdout } = terminal
  const requests = planRequests(options.requests, options.seed)
  const headers = apiKey === undefined ? {} : { 'x-api-key': apiKey }
  await requireReceiver(endpoint, headers)
  const faulty = requests.filter(({ fault }) => fault !== undefined).length
  stdout.write(`A web shop of five services sends its spans by OTLP to ${endpoint}.\n`)
  stdout.write(`It serves ${counted(requests.length, 'request')}; ${faulty} of them carry a fault.\n`)
  stdout.write(`A server signals them if it judges by the packs ${SHOP_PACKS.join(', ')}:\n`)
  stdout.write(`  betrace serve --rules rules ${visible(SHOP_FOLDER)}\n\n`)
  const status = createStatusLine(stdout)
  const failures: string[] = []
  const shop: Shop = startShop(endpoint, { headers, onFailure: (reason) => failures.push(reason) })
  const stop = terminal.interrupted()
  try {
    await paceRequests(shop, requests, options.pace, { stop, screen: status.above, planted: new Map() })
  } catch (error) {
    // Flushing fails where an export failed, which is reported below.
    if (failures.length === 0) throw error
  } finally {
    status.end()
    await Promise.allSettled([shop.stop()])
  }
  const [first] = failures
  if (first !== undefined) {
    stdout.write(`${paint(stdout, 'red', '✗')} ${counted(failures.length, 'export')} of spans failed: ${first}\n`)
    return 1
  }
  stdout.write(`${paint(stdout, 'green', '✓')} all spans were taken; the server signals once the traces are quiet\n`)
  return 0
}

const ANSWER_WITHIN_MS = 5_000

/** An empty request is valid OTLP, and every receiver answers it with 200. */
async function requireReceiver(endpoint: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const url = `${endpoint}/v1/traces`
  let status: number
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    status = answer.status
  } catch (error) {
    const { cause, message } = error as Error
    throw new CommandError(
      `nothing answers at ${url}: ${String((cause as Error | undefined)?.message ?? message)}`,
      'start a server with `npm start`, or name its address',
    )
  }
  if (status === 401 || status === 403)
    throw new CommandError(`${url} answered ${status}`, 'give its key with --api-key')
  if (status < 200 || status >= 300)
    throw new CommandError(`${url} answered ${status}`, 'name the address of an OTLP/HTTP receiver, without a path')
}
