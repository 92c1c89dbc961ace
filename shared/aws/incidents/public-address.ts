import { BlockList, isIP } from 'node:net'

/** Networks that are not the internet: loopback, private, link-local (where instances keep credentials), shared and reserved. */
const NETWORKS: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // These hold IPv4 addresses, which may be any of the above.
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

const NOT_PUBLIC = new BlockList()
for (const [network, prefix] of NETWORKS) NOT_PUBLIC.addSubnet(network, prefix, network.includes(':') ? 'ipv6' : 'ipv4')

/** Whether an address, without brackets, belongs to the internet; false for other texts. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && !NOT_PUBLIC.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
