import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Taken } from '../fairness/store-in-turn.ts'

/** Bytes of bodies that may still be taken in, over all requests. */
export interface Budget {
  bytesLeft: number
}

/** `busy`: the budget has no room for it. */
export type ReadOutcome = 'whole' | 'too-large' | 'busy' | 'aborted'

/** Reads a body into `taken`, as far as it may; what it takes out of the budget is given back by `giveBack`. */
export async function readRequestBody(
  request: IncomingMessage,
  taken: Taken,
  maxBodyBytes: number,
  budget: Budget,
): Promise<ReadOutcome> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (taken.bytes + chunk.length > maxBodyBytes) return 'too-large'
      if (taken.sender.bodyBytes + chunk.length > budget.bytesLeft - chunk.length) return 'busy'
      budget.bytesLeft -= chunk.length
      taken.sender.bodyBytes += chunk.length
      taken.bytes += chunk.length
      taken.parts.push(chunk)
    }
    return 'whole'
  } catch {
    return 'aborted'
  }
}

/** Puts what was taken of a body back into the budget. */
export function giveBack({ bytes, sender }: Taken, budget: Budget): void {
  budget.bytesLeft += bytes
  sender.bodyBytes -= bytes
}

/**
 * Takes what is left of an answered request off the wire, or the client would see a reset connection in place of the
 * answer; past as many bytes as a body may have, it is cut off.
 */
export function dropRest(request: IncomingMessage, maxBytes: number): void {
  let bytesLeft = maxBytes
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    bytesLeft -= chunk.length
    if (bytesLeft < 0) request.destroy()
  })
}

/** Reads a body and drops it. Resolves when all of it has come, or after `atMostMs`. */
export async function dropBody(request: IncomingMessage, atMostMs: number): Promise<void> {
  request.resume()
  await once(request, 'close', { signal: AbortSignal.timeout(atMostMs) }).catch(() => {})
}
