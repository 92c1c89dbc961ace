import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonText, visible, visibleLines } from '../../shared/text/visible.ts'
import { FORBIDDEN } from './forbidden.ts'

const character = (code: number) => String.fromCodePoint(code)
const hex = (code: number) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`

describe('a value within a line', () => {
  test('shows every forbidden character as the escape that JSON reads', () => {
    for (const code of FORBIDDEN) {
      const shown = visible(`a${character(code)}b`)
      expect(shown, hex(code)).toMatch(/^a(?:\\[nrt]|(?:\\u[0-9a-f]{4})+)b$/)
      expect(JSON.parse(`"${shown}"`), hex(code)).toBe(`a${character(code)}b`)
    }
  })

  test('shows letters, signs, emoji and accents of any script as they are', () => {
    const texts = [
      'GET /cart/{id}',
      'Zürich',
      'e\u0301',
      '検証',
      'проверка',
      'קנייה',
      'تحقق',
      '🛒',
      'a\u00a0b',
      '\ue0b0',
      '\ufffd',
    ]
    for (const text of texts) expect(visible(text)).toBe(text)
  })

  test('shows every character of the classes that the table is made of, but for signs that are seen', () => {
    const table = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u
    const seen = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]/
    const missed = Array.from({ length: 0x10000 }, (_, code) => character(code)).filter(
      (each) => (table.test(each) && !seen.test(each)) !== (visible(`é${each}✗`) !== `é${each}✗`),
    )
    expect(missed).toEqual([])
  })

  test('keeps joiners where writing needs them, and nowhere else', () => {
    for (const text of ['می\u200cخواهم', 'क्\u200dष', '👩\u200d💻', '👍🏽', '❤\ufe0f', '🏳\ufe0f\u200d🌈', '\u06dd']) {
      expect(visible(text)).toBe(text)
    }
    for (const text of [
      'ad\u200dmin',
      'ad\u200cmin',
      '\u200d',
      'می\u200c',
      'a\ufe0f',
      '漢\u{e0101}',
      '👩\u200d\u200d💻',
      '7\ufe0f',
    ]) {
      expect(visible(text)).not.toBe(text)
    }
  })

  test.each(['##[error]x', '##vso[task.setvariable]x', 'a ##teamcity[x]', '###[x]'])(
    'does not command a runner: %s',
    (text) => {
      expect(visible(text)).not.toMatch(/##\w*\[/)
      expect(JSON.parse(`"${visible(text)}"`)).toBe(text)
    },
  )

  test('is shown the same when it is shown again', () => {
    fc.assert(
      fc.property(fc.uint16Array(), (units) => {
        const shown = visible(String.fromCharCode(...units))
        expect(visible(shown)).toBe(shown)
      }),
    )
    const parts = [
      'a',
      'م',
      'क',
      '्',
      'ᠠ',
      '\u200c',
      '\u200d',
      '\u061c',
      '\u180b',
      '\u180e',
      '👩',
      '❤',
      '🏽',
      '\ufe0f',
      '##',
      '[',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts)), (chosen) => {
        const shown = visible(chosen.join(''))
        expect(visible(shown)).toBe(shown)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('JSON is parsed to the value that was written, and shows no forbidden character', () => {
  const forbidden = FORBIDDEN.map(character).join('')
  const value = { [forbidden]: [forbidden, '\\u202e', '##[error]', 1.5, null] }
  const text = jsonText(value)
  expect(JSON.parse(text)).toEqual(value)
  expect([...text].filter((each) => FORBIDDEN.includes(each.codePointAt(0) ?? 0))).toEqual([])
  expect(text).not.toContain('##[')
})

describe('whole lines', () => {
  test('keep line ends and tabs, and show every other forbidden character as an escape', () => {
    expect(visibleLines('a\n\tb\r\n')).toBe('a\n\tb\\r\n')
    for (const code of FORBIDDEN) {
      if (code === 9 || code === 10) continue
      expect(visibleLines(`a${character(code)}b`), hex(code)).toBe(visible(`a${character(code)}b`))
    }
  })

  test.each([
    '::warning::x',
    '  ::warning::x',
    '\u00a0::set-output::',
    '##[error]',
    '## x',
    'a\n\n \t::stop-commands::',
    '\x1b[1m::x',
  ])('do not begin as a command: %j', (text) => {
    for (const line of visibleLines(text, { styles: true }).split('\n')) {
      expect(line.replaceAll('\x1b[1m', '').trim()).not.toMatch(/^(?:::|##)/)
    }
  })

  test('leave two colons or hashes within a line alone', () => {
    expect(visibleLines('span ::shop::pay of a##b')).toBe('span ::shop::pay of a##b')
  })

  test('keep our colours where they are asked for, and no other escape', () => {
    const painted = '\x1b[31mred\x1b[39m \x1b[5mblink \x1b]0;title\x07'
    expect(visibleLines(painted, { styles: true })).toBe('\x1b[31mred\x1b[39m \\u001b[5mblink \\u001b]0;title\\u0007')
    expect(visibleLines(painted)).not.toContain('\x1b')
  })

  test('keep headings of Markdown where they are asked for', () => {
    expect(visibleLines('### a\n### b\n ### c\n## d', { headings: true })).toBe(
      '### a\n### b\n \\u0023## c\n\\u0023# d',
    )
  })
})

test.each([
  ['blanks', ' '.repeat(1_000_000)],
  ['colons', '::'.repeat(500_000)],
  ['indented colons', '  ::'.repeat(250_000)],
  ['hashes', '#'.repeat(1_000_000)],
  ['joiners', '\u200d'.repeat(100_000)],
])('a long text of %s takes time in line with its length', (_, text) => {
  const startMs = performance.now()
  visible(text)
  visibleLines(text)
  expect(performance.now() - startMs).toBeLessThan(5_000)
})
