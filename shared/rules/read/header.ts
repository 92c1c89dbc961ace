import type { SourceRange } from '../../errors.ts'
import type { RuleMetadata, Severity } from '../ast.ts'
import type { RuleProblemCode, TextProblem } from '../problem.ts'
import { alertOf, groupOf } from './alert.ts'
import { malformed } from './metadata-problem.ts'
import { rangeIn, type Source } from './source.ts'
import { editDistance, nearest } from './suggest.ts'
import { waitOf } from './wait.ts'

/** Everything a rule says besides its condition; parts that are wrong are missing here and reported. */
export interface Header {
  readonly name: string | undefined
  readonly nameRange: SourceRange
  readonly severity: Severity | undefined
}

/** One line of a file: offsets of its text without line end. */
export interface LineRange {
  readonly start: number
  readonly end: number
}

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
/** Whether one severity is worse than another. */
export function isWorse(severity: Severity, than: Severity): boolean {
  return SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(than)
}

const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_-]*$/

/** Whether a comment line can only be meant as the header of a rule, well written or not. */
export function isHeader(line: string): boolean {
  return (
    /^\s*\/\/+\s*signal\s*:/i.test(line) ||
    /^\s*\/\/+\s*signal\s+[\w-]+\s*\((critical|high|medium|low|info)\)\s*$/i.test(line)
  )
}

/** Reads `// Signal: NAME (severity)`. */
export function readHeader(source: Source, line: LineRange, report: (problem: TextProblem) => void): Header {
  const text = source.text.slice(line.start, line.end)
  const indent = text.length - text.trimStart().length
  const whole = rangeIn(source, line.start + indent, line.start + Math.max(text.trimEnd().length, indent + 1))
  const problem = (code: RuleProblemCode, range: SourceRange, message: string, hint: string) =>
    report({ code, message, hint, range })
  const parts = /^(\s*\/\/\s*Signal:\s*)(\S+)(\s*)\(([^()]*)\)\s*$/.exec(text)
  if (parts === null) {
    problem('malformed-header', whole, 'this is not a rule header', 'write // Signal: NAME (severity)')
    return { name: undefined, nameRange: whole, severity: undefined }
  }
  const [, before = '', name = '', gap = '', severity = ''] = parts
  const nameStart = line.start + before.length
  const nameRange = rangeIn(source, nameStart, nameStart + name.length)
  const severityStart = nameStart + name.length + gap.length + 1
  const severityRange = rangeIn(source, severityStart, severityStart + Math.max(severity.length, 1))
  const nameProblem = checkName(name, nameRange)
  if (nameProblem !== undefined) report(nameProblem)
  const known = severityOf(severity, severityRange)
  if ('code' in known) report(known)
  return {
    name: nameProblem === undefined ? name : undefined,
    nameRange,
    severity: 'code' in known ? undefined : known.severity,
  }
}

/** What is wrong with a rule's name, if anything. */
export function checkName(name: string, range: SourceRange): TextProblem | undefined {
  if (NAME_PATTERN.test(name)) return undefined
  const cleaned = name.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^[^A-Za-z]+/, '')
  const hint = cleaned === '' ? 'write a name such as PAYMENT_WITHOUT_VALIDATION' : `write ${cleaned}`
  return { code: 'malformed-name', message: 'a rule name is letters, digits, "_" and "-", a letter first', hint, range }
}

/** A severity as written, or the problem with it. */
export function severityOf(written: string, range: SourceRange): { readonly severity: Severity } | TextProblem {
  const severity = SEVERITIES.find((known) => known === written)
  if (severity !== undefined) return { severity }
  const meant = SEVERITY_SPELLINGS.get(written.trim().toLowerCase()) ?? nearest(written.trim(), SEVERITIES)
  const hint = meant === undefined ? `use one of ${SEVERITIES.join(', ')}` : `write ${meant}`
  return { code: 'unknown-severity', message: `"${written}" is not a severity`, hint, range }
}

const SEVERITY_SPELLINGS: ReadonlyMap<string, Severity> = new Map([
  ['urgent', 'critical'],
  ['fatal', 'critical'],
  ['emergency', 'critical'],
  ['error', 'high'],
  ['major', 'high'],
  ['warning', 'medium'],
  ['warn', 'medium'],
  ['moderate', 'medium'],
  ['minor', 'low'],
  ['notice', 'info'],
  ['informational', 'info'],
  ['debug', 'info'],
])

export const KEYS = ['Description', 'Runbook', 'Owner', 'Tags', 'Mode', 'Wait', 'Group', 'Alert'] as const
type Key = (typeof KEYS)[number]

interface Entry {
  readonly key: Key
  readonly value: string
  readonly keyRange: SourceRange
  readonly valueRange: SourceRange
}

/** Reads the `// Key: value` lines between a header and its condition; other comments are left alone. */
export function readMetadata(
  source: Source,
  lines: readonly LineRange[],
  report: (problem: TextProblem) => void,
): RuleMetadata {
  if (lines.length === 0) return { tags: [], mode: 'live' }
  const entries = lines.map((line) => readEntry(source, line, report)).filter((entry) => entry !== undefined)
  for (const key of ['Runbook', 'Owner', 'Mode', 'Wait', 'Group', 'Alert'] as const) {
    const [, second] = entries.filter((entry) => entry.key === key)
    if (second !== undefined) report(malformed(second.keyRange, `${key} is given twice`, 'remove one of them'))
  }
  const first = (key: Key) => entries.find((entry) => entry.key === key)?.value
  const description = entries.filter((entry) => entry.key === 'Description').map((entry) => entry.value)
  const runbook = first('Runbook')
  const owner = first('Owner')
  const mode = entries.find((entry) => entry.key === 'Mode')
  const read = <Value>(
    key: Key,
    reader: (value: string, range: SourceRange, to: typeof report) => Value | undefined,
  ) => {
    const entry = entries.find((each) => each.key === key)
    return entry && reader(entry.value, entry.valueRange, report)
  }
  const waitMs = read('Wait', waitOf)
  const group = read('Group', groupOf)
  const alert = read('Alert', alertOf)
  return {
    ...(description.length > 0 && { description: description.join('\n') }),
    ...(runbook !== undefined && { runbook }),
    ...(owner !== undefined && { owner }),
    tags: entries.filter((entry) => entry.key === 'Tags').flatMap((entry) => tagsOf(entry.value)),
    mode: mode === undefined ? 'live' : modeOf(mode.value, mode.valueRange, report),
    ...(waitMs !== undefined && { waitMs }),
    ...(group !== undefined && { group }),
    ...(alert !== undefined && { alert }),
  }
}

/** Tags as written in one line, separated by commas or white space. */
export function tagsOf(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((tag) => tag !== '')
}

/** `live` or `shadow`; anything else is reported. */
export function modeOf(
  value: string,
  range: SourceRange,
  report: (problem: TextProblem) => void,
): RuleMetadata['mode'] {
  if (value === 'live' || value === 'shadow') return value
  const meant = nearest(value, ['live', 'shadow'])
  report(malformed(range, `"${value}" is not a mode`, meant === undefined ? 'write live or shadow' : `write ${meant}`))
  return 'live'
}

function readEntry(source: Source, line: LineRange, report: (problem: TextProblem) => void): Entry | undefined {
  // Trimmed first: a pattern that allows white space at its end takes time quadratic in what it meets elsewhere.
  const text = source.text.slice(line.start, line.end).trimEnd()
  const parts = /^(\s*\/\/\s*)([A-Za-z]+)(\s*:\s*)(.*)$/.exec(text)
  if (parts === null) return undefined
  const [, before = '', word = '', colon = '', value = ''] = parts
  const keyStart = line.start + before.length
  const valueStart = keyStart + word.length + colon.length
  const keyRange = rangeIn(source, keyStart, keyStart + word.length)
  const key = KEYS.find((known) => known.toLowerCase() === word.toLowerCase())
  if (key === undefined) {
    const meant = misspelt(word, value)
    if (meant !== undefined) report(malformed(keyRange, `"${word}" is not a key`, `write ${meant}`))
    return undefined
  }
  const valueRange = value === '' ? keyRange : rangeIn(source, valueStart, valueStart + value.length)
  if (value === '') report(malformed(keyRange, `${key} has no value`, 'write one after the colon, or remove the line'))
  return value === '' ? undefined : { key, value, keyRange, valueRange }
}

/** The key a word can only be a slip of. Short keys are near to too many words of ordinary comments. */
function misspelt(word: string, value: string): Key | undefined {
  const lower = word.toLowerCase()
  if (editDistance(lower, 'description') <= 2) return 'Description'
  if (editDistance(lower, 'runbook') <= 2) return 'Runbook'
  if (editDistance(lower, 'mode') <= 1 && /^(live|shadow)$/.test(value)) return 'Mode'
  return undefined
}

/** Whether a comment line sets the mode, wherever it stands. */
export function setsMode(line: string): boolean {
  return /^\s*\/\/\s*mode\s*:\s*(live|shadow)\s*$/i.test(line)
}
