import { InputError } from '../../shared/errors.ts'
import type { NotifyConfig, NotifyConfigSource } from '../../shared/incidents/notify/config.ts'
import type { NotifyProblem } from '../../shared/incidents/notify/problem.ts'
import { type NotifyReading, readNotifyFile } from '../../shared/incidents/notify/read-notify-file.ts'
import type { References } from '../../shared/incidents/notify/references.ts'
import type { Clock, Log } from '../../shared/pipeline/ports.ts'
import { findFiles } from '../files/find-files.ts'
import { namedFile, readTexts } from '../files/input-file.ts'
import { RUNBOOK } from '../server/runbook.ts'

interface NotifyWatcherOptions {
  /** Where values come from that are not in the file. */
  readonly references: References
  readonly clock: Clock
  readonly log: Log
}

/** A file of receivers that is read again when it changes; one with problems changes nothing. */
export class NotifyWatcher implements NotifyConfigSource {
  private readonly file: string
  private readonly options: NotifyWatcherOptions
  private config: NotifyConfig
  /** Files that the file refers to: one that changes holds another key. */
  private referred: readonly string[]
  private loadedVersion: string
  private seenVersion: string
  private failure: string | undefined

  private constructor(file: string, { config, referred, version }: Loaded, options: NotifyWatcherOptions) {
    this.file = file
    this.options = options
    this.config = config
    this.referred = referred
    this.loadedVersion = version
    this.seenVersion = version
  }

  /** Reads the file; throws an InputError where it cannot be read or has problems. */
  static async open(file: string, options: NotifyWatcherOptions): Promise<NotifyWatcher> {
    const loaded = await load(file, [], options)
    if (!('failure' in loaded)) return new NotifyWatcher(file, loaded, options)
    const { message, hint } = loaded.failure
    throw new InputError({ code: 'unusable-receivers', message, hint })
  }

  current(): NotifyConfig {
    return this.config
  }

  /** What is wrong with the file as it is now, and what to do; undefined where it is in use. */
  problem(): string | undefined {
    return this.failure
  }

  /**
   * Looks for a change and reads what has changed and then stayed as it is until the next look: a file half written is
   * not read. While it has problems, what was read before stays in use.
   */
  async poll(): Promise<void> {
    const version = await versionOf([this.file, ...this.referred])
    const settled = version === this.seenVersion
    this.seenVersion = version
    if (!settled || version === this.loadedVersion) return
    const loaded = await load(this.file, this.referred, this.options)
    this.referred = loaded.referred
    this.loadedVersion = loaded.version
    this.seenVersion = loaded.version
    if ('failure' in loaded) {
      const { message, hint } = loaded.failure
      this.failure = `${message}; ${hint}, what was read before stays in use until then (${RUNBOOK.notify})`
      this.options.log('error', 'the file of receivers has problems', { reason: message, runbook: RUNBOOK.notify })
      return
    }
    this.failure = undefined
    this.config = loaded.config
    this.options.log('info', 'the file of receivers was read again', countsOf(loaded.config))
  }
}

/** The files that were read besides, and a text that changes when one of them does. */
interface Versioned {
  readonly referred: readonly string[]
  readonly version: string
}

interface Loaded extends Versioned {
  readonly config: NotifyConfig
}

interface Failed {
  readonly failure: { readonly message: string; readonly hint: string }
}

/** Reads the file until all that it refers to was looked at before: a change after that is a change of the version. */
async function load(
  file: string,
  before: readonly string[],
  options: NotifyWatcherOptions,
): Promise<Loaded | (Failed & Versioned)> {
  const version = await versionOf([file, ...before])
  const referred = new Set<string>()
  const read = await readOnce(file, referred, options)
  const isKnown = [...referred].every((each) => before.includes(each))
  return isKnown ? { ...read, version, referred: before } : load(file, [...referred].toSorted(), options)
}

async function readOnce(
  file: string,
  referred: Set<string>,
  { references, clock }: NotifyWatcherOptions,
): Promise<Pick<Loaded, 'config'> | Failed> {
  const text = await textOf(file)
  if (typeof text !== 'string') return text
  const noting: References = {
    ...references,
    file(path) {
      referred.add(path)
      return references.file(path)
    },
  }
  const { config, problems } = await readNotifyFile(text, { references: noting, clock })
  return config === undefined ? failed(file, problems) : { config }
}

async function textOf(file: string): Promise<string | Failed> {
  try {
    for await (const read of readTexts([await namedFile(file)])) {
      if ('text' in read) return read.text
      throw read.error
    }
    return ''
  } catch (error) {
    return { failure: { message: `${file} cannot be read: ${reasonOf(error)}`, hint: 'put it back' } }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'it does not exist' : message
}

function failed(file: string, problems: NotifyReading['problems']): Failed {
  const [first] = problems
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
  return {
    failure: {
      message: `${first === undefined ? file : placed(file, first)}${more}`,
      hint: `betrace notify check ${file} shows how to correct it`,
    },
  }
}

function placed(file: string, { message, range: { start } }: NotifyProblem): string {
  return `${file}:${start.line}:${start.column}: ${message}`
}

/** Differs after every change of the files. */
async function versionOf(files: readonly string[]): Promise<string> {
  const { found, unread } = await findFiles(files, () => false)
  return JSON.stringify([found.map(({ file, version }) => [file, version]), unread.map(({ file }) => file)])
}

function countsOf({ receivers, routes, mutes }: NotifyConfig) {
  return { receivers: receivers.size, routes: routes.length, mutes: mutes.length }
}
