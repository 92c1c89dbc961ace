import { isIPv6 } from 'node:net'

/** The name of a client that brings one of the keys, counted from 1 as they were given. */
export function keyName(number: number): string {
  return `API key ${number}`
}

/**
 * The name of a client by its address. Whoever has one IPv6 address has the 64 bits below its network prefix, so these
 * are one sender; an IPv4 address in IPv6 clothes is the same as without.
 */
export function addressName(address: string | undefined): string {
  if (address === undefined) return 'an unknown address'
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return `address ${mapped}`
  return isIPv6(address) ? `address ${networkOf(address)}::/64` : `address ${address}`
}

/** The first four of the eight groups. */
function networkOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const known = tail === undefined || tail === '' ? 0 : tail.split(':').length
  const zeros = tail === undefined ? 0 : 8 - groups.length - known
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ? tail.split(':') : [])]
  return all.slice(0, 4).join(':').toLowerCase()
}
