import { type LookupAddress, type LookupOptions, lookup as lookUp } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { isPublicAddress } from './public-address.ts'

type LookUpAll = (
  host: string,
  options: LookupOptions & { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

interface PublicFetchOptions {
  /** Which addresses may be connected to: those of the internet, unless told. */
  readonly mayConnect?: (address: string) => boolean
  readonly lookup?: LookUpAll
}

/**
 * A `fetch` that connects to addresses of the internet alone, so that a URL in a file cannot reach what only the function
 * reaches. The very address that was checked is connected to: a name that changes meanwhile changes nothing. Takes a
 * text as body and follows no redirect.
 */
export function publicFetch({ mayConnect = isPublicAddress, lookup = lookUp }: PublicFetchOptions = {}): typeof fetch {
  return async (input, { method = 'GET', headers, body, signal } = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !mayConnect(host)) throw failed(notPublic(host))
    const options = {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      lookup: checkedLookup(lookup, mayConnect),
      ...(signal && { signal }),
    }
    const send = url.protocol === 'http:' ? requestHttp : requestHttps
    return new Promise((resolve, reject) => {
      const request = send(url, options, (incoming) => resolve(responseOf(incoming)))
      request.on('error', (error) => reject(signal?.aborted === true ? signal.reason : failed(error)))
      request.end(typeof body === 'string' ? body : undefined)
    })
  }
}

/** One address that may not be connected to is enough: the system would choose among them. */
function checkedLookup(lookup: LookUpAll, mayConnect: (address: string) => boolean): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const refused = error === null ? addresses.find(({ address }) => !mayConnect(address)) : undefined
      const problem = error ?? (refused && notPublic(refused.address))
      const [first] = addresses ?? []
      if (problem || first === undefined) done(problem ?? notPublic(host), '', 0)
      else if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }
}

function notPublic(address: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${address} is not an address of the internet`), { code: 'ENOTPUBLIC' })
}

/** As `fetch` fails. */
function failed(cause: Error): TypeError {
  return new TypeError('fetch failed', { cause })
}

/** Statuses whose answers have no body. */
const EMPTY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

function responseOf(incoming: IncomingMessage): Response {
  const { statusCode: status = 502, headersDistinct } = incoming
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  if (EMPTY.has(status)) incoming.resume()
  const body = EMPTY.has(status) ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>)
  return new Response(body, { status, headers })
}
