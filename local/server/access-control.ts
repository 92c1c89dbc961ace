import type { OtlpResponse, RequestHead } from '../../shared/otlp/http.ts'
import type { HeaderValues } from '../../shared/otlp/presented-key.ts'
import { type IngestDeps, refuseForbidden, refuseUnauthorized } from '../../shared/pipeline/ingest.ts'
import { addressName, keyName } from '../fairness/sender-name.ts'
import { keyCheck } from './api-keys.ts'
import { type Asked, pageRefusal } from './web-pages.ts'

/** What of a request is looked at before anything of it is read. */
interface Caller {
  readonly head: RequestHead
  /** Each header with all of its values: `IncomingMessage.headersDistinct`. */
  readonly headers: HeaderValues
  readonly asks: Asked
  readonly address: string | undefined
}

/** The name of who comes in, or the answer to whoever may not. */
export type AccessControl = (caller: Caller) => { readonly name: string } | { readonly refused: OtlpResponse }

/** Turns away who has no key, where keys are asked for, and where they are not, web pages that nobody asked in. */
export function accessControl(
  apiKeys: readonly string[],
  place: { readonly host: string; readonly address: string },
  deps: IngestDeps,
): AccessControl {
  const hasKeys = apiKeys.length > 0
  const keyOf = keyCheck(apiKeys)
  const corsOrigins = deps.options.cors?.allowedOrigins ?? []
  const openness = { ...place, corsOrigins, hasKeys }
  return ({ head, headers, asks, address }) => {
    // A browser's question whether it may ask brings neither key nor harm.
    const asksFirst = head.method === 'OPTIONS'
    const reason = pageRefusal(openness, headers, asksFirst ? 'page' : asks)
    if (reason !== undefined) return { refused: refuseForbidden(head, reason, deps) }
    if (!hasKeys || asks === 'page' || asksFirst) return { name: addressName(address) }
    const key = keyOf(headers)
    return key === undefined ? { refused: refuseUnauthorized(head, deps) } : { name: keyName(key) }
  }
}
