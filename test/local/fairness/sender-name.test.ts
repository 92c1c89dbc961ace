import { expect, test } from 'vitest'
import { addressName } from '../../../local/fairness/sender-name.ts'

test.each([
  ['10.0.0.7', 'address 10.0.0.7'],
  ['::ffff:10.0.0.7', 'address 10.0.0.7'],
  ['::1', 'address 0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', 'address 2001:db8:1:2::/64'],
  ['2001:DB8:1:2::6', 'address 2001:db8:1:2::/64'],
  ['2001:db8::1:2:3', 'address 2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'address fe80:0:0:0::/64'],
  ['64:ff9b::', 'address 64:ff9b:0:0::/64'],
  [undefined, 'an unknown address'],
])('a client at %s is %s', (address, name) => {
  expect(addressName(address)).toBe(name)
})
