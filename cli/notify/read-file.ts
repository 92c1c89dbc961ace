import { Option } from 'commander'
import { namedFile } from '../../local/files/input-file.ts'
import { localReferences } from '../../local/notify/local-references.ts'
import { type NotifyParts, type NotifyReading, readNotifyFile } from '../../shared/incidents/notify/read-notify-file.ts'
import type { References } from '../../shared/incidents/notify/references.ts'
import { NO_MORE } from '../../shared/rules/read/listing.ts'
import { counted } from '../../shared/text/numbers.ts'
import type { PlacedProblem } from '../../shared/text/problem-text.ts'
import { CommandError } from '../command-error.ts'
import { writeProblems } from '../load-rules.ts'
import { readTextFile, unreadable } from '../rule-files.ts'
import { notifyStack, notifyTextOf } from '../stack/notify-stack.ts'
import type { Terminal } from '../terminal.ts'

/** A file of receivers and what became of it. */
export interface ReadNotify extends NotifyReading {
  readonly file: string
  /** As it is written. */
  readonly source: string
}

/** `--notify FILE`, as `serve` has it. */
export function notifyOption(): Option {
  return new Option('-n, --notify <file>', 'the file of receivers, routes and mutes')
    .env('BETRACE_NOTIFY')
    .default('notify.yaml')
}

/** Where the values of a file come from: this machine, a stack, or nowhere. */
export interface Looking {
  readonly references: References | undefined
}

/** Variables and files of this machine. */
export function onThisMachine(): Looking {
  return { references: localReferences(process.env) }
}

export const NOWHERE: Looking = { references: undefined }

/** Reads a file of receivers; a file that cannot be read is a CommandError. */
export async function readNotify(file: string, { references }: Looking): Promise<ReadNotify> {
  const input = await namedFile(file).catch((error) => {
    throw unreadable(file, error)
  })
  const { text } = await readTextFile(input)
  return readNotifyText(file, text, { references })
}

/** The same for the text of a file; `file` is what it is called. */
async function readNotifyText(file: string, source: string, { references }: Looking): Promise<ReadNotify> {
  return { file, source, ...(await readNotifyFile(source, { references, clock: Date.now })) }
}

/** Which file: the one in force at a stack, else the one that is named. */
interface NotifyChoice {
  readonly notify: string
  readonly stack?: string
}

/** Reads the file that is chosen, where `values` is set with the values that it refers to there. */
export async function readChosen({ notify, stack }: NotifyChoice, values: boolean): Promise<ReadNotify> {
  if (stack === undefined) return readNotify(notify, values ? onThisMachine() : NOWHERE)
  const place = await notifyStack({ stack })
  return readNotifyText(`notify.yaml of ${stack}`, await notifyTextOf(place, { stack }), values ? place : NOWHERE)
}

/** The problems of the file, as `writeProblems` takes them. */
export function placedProblems({ file, problems }: ReadNotify): readonly PlacedProblem[] {
  return problems.map((problem) => ({ ...problem, file }))
}

/** What the file says; a CommandError where it has problems, which are shown on stderr. */
export async function requireParts(read: ReadNotify, terminal: Terminal): Promise<NotifyParts> {
  const { file, text, parts, problems } = read
  if (parts !== undefined && problems.length === 0) return parts
  await writeProblems({ items: placedProblems(read), more: NO_MORE }, [{ file, text }], terminal.stderr)
  throw new CommandError(`${file} has ${counted(problems.length, 'problem')}`, 'correct it and try again')
}
