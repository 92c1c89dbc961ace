import { compileRegex } from '../../shared/rules/compile/regex.ts'
import type { Random } from '../pipeline/model/random.ts'
import { type Bounds, bytesOf, type OpenTarget, type Target, textOf, violate } from './target.ts'

/** Patterns of `matches`. */
export const regexes: Target = {
  name: 'regexes',
  about: 'regular expressions: refused with a reason, or compiled and run over hostile text in linear time',
  open: async () => TARGET,
}

const PIECES = [
  ...['a', 'b', '.', '\\w', '\\d', '\\s', '\\b', '\\B', '^', '$', '[a-z]', '[^a]', '[[:alpha:]]', '\\pL', '\\p{Greek}'],
  ...[
    '(',
    '(?:',
    '(?i)',
    '(?P<n>',
    '(?<n>',
    '(?=',
    '(?!',
    '(?<=',
    ')',
    '|',
    '*',
    '+',
    '?',
    '*?',
    '+?',
    '{2,5}',
    '{1000}',
  ],
  ...[
    '{,5}',
    '{0}',
    '{500,}',
    '\\1',
    '\\k<n>',
    '\\',
    '[',
    ']',
    '[]',
    '[z-a]',
    '\\x{10FFFF}',
    '\\x{110000}',
    '\\Q..\\E',
  ],
  ...[
    '😀',
    'é',
    '\ud800',
    '\0',
    '\n',
    '\u2028',
    '(?s).',
    '(?m)^',
    '\\A',
    '\\z',
    '\\C',
    '.*',
    '.*?',
    'foo',
    '(a|b)',
    '"',
  ],
  ...['(a+)+', '(a*)*', '(a|aa)+', '(.*a){20}', '[a-z ]{200}', '(?:a?){100}a{100}'],
]

/** Half a second is the worst that is known, of patterns at the limit. */
const BOUNDS: Bounds = {
  ms: () => 2_500,
  allocatedBytes: (bytes) => 128 * 1024 * 1024 + 10_000 * bytes,
}

const TEXTS = ['a'.repeat(2_000), 'ab '.repeat(700), `${'a'.repeat(1_500)}!`, '😀é\ud800'.repeat(400), '']

const TARGET: OpenTarget = { generate, check, bounds: BOUNDS }

function generate(random: Random): Uint8Array {
  const most = random.chance(0.05) ? 400 : 12
  return bytesOf(Array.from({ length: random.between(1, most) }, () => random.pick(PIECES)).join(''))
}

function check(input: Uint8Array): void {
  const pattern = textOf(input)
  const test = compileRegex(pattern)
  if (typeof test !== 'function') {
    if (test.message === '' || test.hint === undefined) violate('a pattern is refused without a reason')
    return
  }
  for (const text of TEXTS) {
    const found = test(text)
    if (typeof found !== 'boolean') violate('a pattern finds neither something nor nothing')
    checkBuiltIn(pattern, text, found)
  }
}

/** What both languages spell alike; the engine of JavaScript would take years for some of the rest. */
const ALIKE = /^(?:[ab.|]|foo|\(\?:|\(|\)|[ab]\+|\\d|\[a-z\])*$/u

function checkBuiltIn(pattern: string, text: string, found: boolean): void {
  if (!ALIKE.test(pattern) || /[*+]\)[*+]/.test(pattern) || pattern.length > 40) return
  let builtIn: RegExp
  try {
    builtIn = new RegExp(pattern, 'u')
  } catch {
    return
  }
  if (text.isWellFormed() && builtIn.test(text) !== found)
    violate(`${JSON.stringify(pattern)} finds otherwise than JavaScript`)
}
