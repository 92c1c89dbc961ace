import { isIP } from 'node:net'
import type { HeaderValues } from '../../shared/otlp/presented-key.ts'

/** What a request is about: spans to take in, a command or question of the API, or a page such as `/metrics`. */
export type Asked = 'spans' | 'api' | 'page'

/** What a server knows of itself. */
export interface Openness {
  /** Whether it asks for a key. A web page does not know it, so that nothing else has to keep pages out. */
  readonly hasKeys: boolean
  /** The address it was set to listen on. */
  readonly host: string
  /** The address that became of it. */
  readonly address: string
  /** Pages that may send spans; `*` for all. */
  readonly corsOrigins: readonly string[]
}

/**
 * Why a request looks like the work of a web page that somebody happens to have open, if it does: every page can
 * make its browser ask a server on the same machine, where no firewall is in between. Undefined for anybody else.
 */
export function pageRefusal(
  { hasKeys, host, address, corsOrigins }: Openness,
  headers: HeaderValues,
  asks: Asked,
): string | undefined {
  if (hasKeys) return undefined
  // A name that its owner pointed at this machine (DNS rebinding): to the browser the page and this server are one.
  if (isLoopback(address) && !isOurs(headers.host?.[0], host)) {
    return 'this server answers to localhost and to addresses only; give it an --api-key to reach it by another name'
  }
  const origin = headers.origin?.[0]
  if (origin === undefined || asks === 'page') return undefined
  if (asks === 'spans' && (corsOrigins.includes('*') || corsOrigins.includes(origin))) return undefined
  return asks === 'spans'
    ? 'pages of this origin may not send spans; allow it with --cors, or give the server an --api-key'
    : 'a web page may not ask this of a server without an --api-key'
}

/** Whether an address is one of this machine that no other machine can use. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

/** An address, or a name that no stranger can own: without a dot, or below a domain that is kept for private use. */
function isOurs(hostHeader: string | undefined, ownHost: string): boolean {
  // HTTP/1.0, which no browser speaks; of HTTP/1.1 Node refuses a request without it.
  if (hostHeader === undefined) return true
  const name = hostHeader.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true
  return name === ownHost.toLowerCase() || !name.includes('.') || /\.(?:localhost|internal)$/.test(name)
}
