/**
 * The one table of characters that no exit writes as they are, since they are not seen, move the cursor, or change how
 * their neighbours are read. It is made of Unicode's own classes, so that it grows with Unicode: controls (Cc), format
 * characters (Cf: marks of direction, zero-width spaces, the byte order mark, tags, the soft hyphen), separators of lines
 * and paragraphs, halves of a surrogate pair, noncharacters, and what is drawn as nothing (fillers, variation selectors).
 */
const TABLE = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]`

/** CI runners take these for commands wherever they are in a line: `##[`, `##vso[`, `##teamcity[`. */
const COMMAND = String.raw`#(?=#\w{0,20}\[)`

/** Scripts whose letters join, or form clusters, as the joiners between them say. */
const JOINING = ['Arab', 'Syrc', 'Nkoo', 'Mong', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym']
  .concat('Sinh', 'Khmr', 'Mymr')
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('')
/** A letter of these scripts, or what stands on one; a mark of direction belongs to some of them, too. */
const JOINS = String.raw`(?=[\p{L}\p{M}])(?!\p{Default_Ignorable_Code_Point})[${JOINING}]`

/**
 * Members of the table that people write, where they write them: Arabic signs that enclose a number, which are seen;
 * joiners between letters that join; what makes emoji one picture. Anywhere else a joiner or a selector makes two names
 * look alike, and is escaped. Flags of regions are spelt in tags, which can hold any text unseen: they stay escaped.
 */
const WRITTEN = [
  String.raw`[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]`,
  String.raw`(?<=${JOINS})[\u200c\u200d](?=${JOINS})`,
  String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})`,
  String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]`,
].join('|')
const MAY_BE_WRITTEN = /[\u0600-\u08ff\u{110bd}\u{110cd}]|\u200c|\u200d|\ufe0e|\ufe0f/u

/**
 * Most texts are of ranges without a member of the table (Latin, Greek, Cyrillic, Hebrew letters, signs, Chinese, Japanese
 * and Korean), and are passed on after this look alone, which takes a sixth of the time.
 */
const ORDINARY = String.raw` -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u05ff\u2010-\u2027\u2030-\u205e\u2070-\u2bff\u3000-\u3163\u3165-\ud7ff`
const SUSPECT = new RegExp(`[^${ORDINARY}]|##`)
const hidden = whenNeeded(() => new RegExp(`${TABLE}|${COMMAND}`, 'gu'))
const written = whenNeeded(() => new RegExp(WRITTEN, 'uy'))

/** To make them takes 4 ms, which a function that starts need not wait for. */
function whenNeeded(make: () => RegExp): () => RegExp {
  let made: RegExp | undefined
  return () => {
    made ??= make()
    return made
  }
}

/**
 * A value as it may be shown within a line, on any screen and in any log: characters of the table, line ends and tabs
 * among them, become escapes (`\n`, `\u202e`). Text of JSON stays JSON that means the same, since the escapes are JSON's.
 * Done twice it changes nothing.
 */
export function visible(text: string): string {
  if (!SUSPECT.test(text)) return text
  return text.replace(hidden(), (found, at: number) => (isWritten(found, text, at) ? found : escaped(found)))
}

/** JSON on one line that holds no character of the table; whoever parses it gets the value as it is. */
export function jsonText(value: unknown): string {
  return visible(JSON.stringify(value))
}

/** What may be in whole lines, beside what may be in a value. */
interface LineRules {
  /** The escapes of our own colours. */
  readonly styles?: boolean
  /** Headings of Markdown, which begin with the sign that runners look for. */
  readonly headings?: boolean
}

/** Colours and weights that we write; no blinking, no hidden text. */
const STYLE = String.raw`\x1b\[(?:0|1|2|22|3[1-6]|39)m`
/** A line that begins so, with blanks or colours before it, is a command to GitHub's runners. */
const LINE_START = String.raw`(?<=^(?:\s|${STYLE})*)(?::(?=:)|#(?=#))`
const SUSPECT_LINES = new RegExp(`[^\\n${ORDINARY}]|##|::`)
const hiddenInLines = whenNeeded(() => new RegExp(`${STYLE}|${TABLE}|${COMMAND}|${LINE_START}`, 'gmu'))

/** Whole lines as a stream may show them: as `visible`, but with line ends and tabs, and no line begins as a command. */
export function visibleLines(text: string, { styles = false, headings = false }: LineRules = {}): string {
  if (!SUSPECT_LINES.test(text)) return text
  return text.replace(hiddenInLines(), (found, at: number) => {
    if (found === '\n' || found === '\t' || isWritten(found, text, at)) return found
    if (found.length > 1 && found.startsWith('\x1b')) return styles ? found : visible(found)
    if (headings && text.startsWith('### ', at) && (at === 0 || text[at - 1] === '\n')) return found
    return escaped(found)
  })
}

function isWritten(found: string, text: string, at: number): boolean {
  if (!MAY_BE_WRITTEN.test(found)) return false
  const pattern = written()
  pattern.lastIndex = at
  return pattern.test(text)
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** By UTF-16 unit, as JSON has it. */
function escaped(found: string): string {
  const units = Array.from({ length: found.length }, (_, i) => found.charCodeAt(i).toString(16).padStart(4, '0'))
  return SHORT[found] ?? `\\u${units.join('\\u')}`
}
