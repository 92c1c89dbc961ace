import type { Random } from '../pipeline/model/random.ts'
import { type Exit, HOSTILE, offencesIn } from '../text/exits/hostile.ts'
import { LOCAL_EXITS } from '../text/exits/local.ts'
import { PAGE_EXITS, SINK_EXITS } from '../text/exits/runtime.ts'
import { SERVER_EXITS } from '../text/exits/server.ts'
import { STACK_EXITS, TOPIC_EXIT } from '../text/exits/stack.ts'
import { FORBIDDEN } from '../text/forbidden.ts'
import { bytesOf, type OpenTarget, type Target, textOf, violate } from './target.ts'

/** Text of strangers on its way to screens, logs, files and answers. */
export const exits: Target = {
  name: 'exits',
  about: 'any text in any place of input: no exit shows a forbidden character, a forged line or a command to CI',
  open: async () => openExits(),
}

/** All but the command that runs until it is stopped, which takes seconds. */
const EXITS: readonly Exit[] = [
  ...LOCAL_EXITS,
  ...SERVER_EXITS,
  ...STACK_EXITS,
  ...SINK_EXITS,
  ...PAGE_EXITS,
  TOPIC_EXIT,
].filter(({ name }) => name !== 'serve')
/** The first character of an input says which exit it is for. */
const FIRST = 0x30

const PIECES = [
  '::warning::',
  '::',
  '##[error]',
  '##vso[a]',
  '## ',
  '### ',
  '#',
  '\nFORGED',
  '\r\nFORGED',
  '\rFORGED',
  '\x1b[31m',
  '\x1b[2J',
  '\x1b]0;t\x07',
  '\r\x1b[2K',
  '\n',
  '\t',
  ' ',
  '\u00a0',
  '\\',
  '\\u202e',
  '"',
  "'",
  '`',
  '```\n',
  '|',
  '<b>',
  '&amp;',
  ']]>',
  '](http://a.example)',
  '@a',
  '{',
  '}',
  '%s',
  '$(a)',
  '/',
  '..',
  '-',
  '__proto__',
  'trace.has(a)',
  '// Signal: A (high)\n',
  'name',
  '検証',
  'é',
  'e\u0301',
  '🛒',
]

function openExits(): OpenTarget {
  return {
    generate: (random) => bytesOf(String.fromCharCode(FIRST + random.between(0, EXITS.length - 1)) + anyText(random)),
    async check(input) {
      const whole = textOf(input)
      const exit = EXITS[(whole.charCodeAt(0) - FIRST) % EXITS.length]
      const written = (await exit?.run(whole.slice(1))) ?? []
      const [offence] = written.flatMap(offencesIn)
      if (offence !== undefined) violate(`${exit?.name} ${offence}`)
    },
    bounds: { ms: (bytes) => 5_000 + bytes, allocatedBytes: (bytes) => 512 * 1024 * 1024 + 10_000 * bytes },
  }
}

function anyText(random: Random): string {
  const parts: string[] = random.chance(0.1) ? [random.pick(HOSTILE)] : []
  const most = random.chance(0.05) ? 2_000 : 20
  for (let left = random.between(1, most); left > 0; left--) {
    parts.push(random.chance(0.4) ? String.fromCodePoint(random.pick(FORBIDDEN)) : random.pick(PIECES))
  }
  return parts.join('')
}
