import { describe, expect, test } from 'vitest'
import { serveBanner } from '../../cli/serve-banner.ts'
import { fakeScreen } from './fake-terminal.ts'

const INTERFACES = {
  lo: [{ address: '127.0.0.1', family: 'IPv4', internal: true }],
  eth0: [
    { address: 'fe80::1', family: 'IPv6', internal: false },
    { address: '192.168.1.5', family: 'IPv4', internal: false },
  ],
} as unknown as Parameters<typeof serveBanner>[2]

function banner(url: string, asksForKey = false, interfaces = INTERFACES): string {
  return serveBanner({ url, rules: ['rules'], data: '.betrace', asksForKey }, fakeScreen(), interfaces)
}

describe('the banner of serve', () => {
  test.each([
    ['http://0.0.0.0:4318', 'http://127.0.0.1:4318'],
    ['http://[::]:4318', 'http://[::1]:4318'],
  ])('names for %s an address of this machine, and one that others reach', (listening, reachable) => {
    const text = banner(listening)
    expect(text).not.toContain(listening)
    expect(text).toContain(`  spans    ${reachable}/v1/traces `)
    expect(text).toContain(`  metrics  ${reachable}/metrics\n`)
    expect(text).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${reachable} `)
    expect(text).toContain('http://192.168.1.5:4318/v1/traces from other machines\n')
    expect(banner(listening, false, {})).not.toContain('other machines')
  })

  test.each(['http://127.0.0.1:4318', 'http://[::1]:80', 'http://192.168.1.5:4318'])('names %s as it is', (url) => {
    expect(banner(url)).toContain(`  spans    ${new URL(url).origin}/v1/traces `)
    expect(banner(url)).not.toContain('other machines')
  })

  test('names the file of receivers where there is one', () => {
    const served = { url: 'http://127.0.0.1:4318', rules: ['rules'], data: '.betrace', asksForKey: false }
    expect(serveBanner({ ...served, notify: 'notify.yaml' }, fakeScreen(), INTERFACES)).toContain(
      '  notify   notify.yaml ',
    )
    expect(serveBanner(served, fakeScreen(), INTERFACES)).not.toContain('notify')
  })

  test('names the header that brings a key, and without keys warns where others reach the port', () => {
    const header = 'export OTEL_EXPORTER_OTLP_HEADERS=x-api-key=KEY '
    const warning = 'it asks for no key'
    expect(banner('http://0.0.0.0:4318', true)).toContain(header)
    expect(banner('http://0.0.0.0:4318', true)).not.toContain(warning)
    expect(banner('http://0.0.0.0:4318')).toContain(warning)
    expect(banner('http://127.0.0.1:4318')).not.toContain(warning)
    expect(banner('http://127.0.0.1:4318')).not.toContain(header)
  })
})
