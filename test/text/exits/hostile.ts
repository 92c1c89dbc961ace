import { run } from '../../../cli/program.ts'
import { fakeScreen, fakeTerminal } from '../../cli/fake-terminal.ts'
import { FORBIDDEN } from '../forbidden.ts'

/** Begins a line where a value was able to begin one. */
export const FORGED = 'FORGED'
const INVISIBLE =
  '\0\x07\x08\t\x0b\x1b\x7f\x85\x90\x9b\xad\u034f\u061c\u115f\u200b\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u3164\ufe0f\ufeff\ufff9\ud800\ufffe\u{e0041}\u{e0101}'

/** Texts with all that an exit must not show, each beginning in another way. */
export const HOSTILE: readonly string[] = [
  `::warning::a\n${FORGED}\n::error::b\r\n##[error]c${INVISIBLE}##vso[x]\x1b]0;t\x07\x1b[5m\x1b[2J\r\x1b[2K`,
  `\n${FORGED}\n  ##[group]a\r\x1b[8m\`|](http://x)@you<b>"'${INVISIBLE}`,
]

/** Something that left the process. */
export interface Written {
  /** On a terminal, where our colours and the line of progress may be. */
  readonly onTerminal?: boolean
  readonly markdown?: boolean
  readonly text: string
}

/** A way by which text leaves the process, fed with a text in each place of its input. */
export interface Exit {
  /** The command with its format, the function, the sink or the page. */
  readonly name: string
  readonly run: (text: string) => Promise<readonly Written[]>
}

const FORBIDDEN_SET: ReadonlySet<number> = new Set(FORBIDDEN.filter((code) => code !== 9 && code !== 10))
const ESCAPE = '\x1b'
const STYLES = new RegExp(`${ESCAPE}\\[(?:0|1|2|22|3[1-6]|39)m`, 'g')

/** What is wrong with something written; empty where nothing is. */
export function offencesIn({ text, onTerminal = false, markdown = false }: Written): readonly string[] {
  const plain = onTerminal ? text.replaceAll('\r\x1b[2K', '\n').replace(STYLES, '') : text
  const offences = new Set<string>()
  for (const character of plain) {
    const code = character.codePointAt(0) ?? 0
    if (FORBIDDEN_SET.has(code)) offences.add(`shows U+${code.toString(16).toUpperCase().padStart(4, '0')}`)
  }
  for (const line of plain.split('\n')) {
    const isHeading = markdown && line.startsWith('### ')
    if (/^\s*(?:::|##)/.test(line) && !isHeading) offences.add(`begins a line as a command: ${shortened(line)}`)
    if (/##\w*\[/.test(line)) offences.add(`commands a runner: ${shortened(line)}`)
    if (line.startsWith(FORGED)) offences.add('lets a value begin a line')
    if (line.includes('an error inside betrace')) offences.add(`fails: ${shortened(plain)}`)
  }
  return [...offences]
}

function shortened(text: string): string {
  return JSON.stringify(text).slice(0, 300)
}

/** The text of an answer; of a google.rpc.Status in protobuf (code, then message) what the message says. */
export function answerText(bytes: Uint8Array, contentType: string | null | undefined): string {
  if (contentType !== 'application/x-protobuf') return Buffer.from(bytes).toString()
  let at = 3
  while ((bytes[at] ?? 0) >= 0x80) at++
  return Buffer.from(bytes.subarray(at + 1)).toString()
}

/** As much of a text as the name of a file can hold. */
export function fileNameOf(text: string): string {
  return text.replace(/[/\0]/g, '').toWellFormed().slice(0, 60)
}

/** What a command line writes, through a pipe and on a terminal. */
export async function runBoth(
  args: readonly string[],
  stdin: string | Uint8Array = '',
  markdown = false,
): Promise<readonly Written[]> {
  const texts: Written[] = []
  for (const isTTY of [false, true]) {
    const screen = () => fakeScreen(isTTY ? { isTTY, columns: 60 } : {})
    const terminal = { ...fakeTerminal(stdin), stdout: screen(), stderr: screen() }
    await run(args, terminal)
    texts.push({ text: terminal.stdout.text(), onTerminal: isTTY, markdown })
    texts.push({ text: terminal.stderr.text(), onTerminal: isTTY })
  }
  return texts
}

/** Several command lines after each other. */
export async function runEach(...lines: readonly (readonly string[])[]): Promise<readonly Written[]> {
  const texts: Written[] = []
  for (const args of lines) texts.push(...(await runBoth(args)))
  return texts
}
