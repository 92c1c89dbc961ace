import { expect, test } from 'vitest'
import { webLink } from '../../../shared/incidents/text/web-link.ts'

test.each([
  ['https://a.example/b?c=d&e=f#g_h', 'https://a.example/b?c=d&e=f#g_h'],
  ['http://localhost:16686/trace/1', 'http://localhost:16686/trace/1'],
  ['https://a.example/b|c>d) e', 'https://a.example/b%7Cc%3Ed%29%20e'],
  ["https://a.example/?q='`(x)[y]{z}", 'https://a.example/?q=%27%60%28x%29%5By%5D%7Bz%7D'],
  ['https://żółć.example/ż', 'https://xn--kda4b0koi.example/%C5%BC'],
  ['javascript:alert(1)', undefined],
  ['ftp://a.example/', undefined],
  ['docs/runbook.md', undefined],
  ['https://bank.example@evil.example/', undefined],
  [`https://a.example/${'x'.repeat(2_000)}`, undefined],
])('%s', (text, link) => {
  expect(webLink(text)).toBe(link)
})
