import { nearest } from '../../shared/rules/read/suggest.ts'
import type { RuleTestProblemCode } from './problem.ts'
import type { AnyValue, Word, WordProblem } from './words.ts'

export type KeyValue = readonly [key: string, value: AnyValue]

/** One line of a drawn trace: a span, and the lines indented under it. */
export interface DrawnSpan {
  readonly name: string
  /** Missing: the parent's, with its resource. */
  readonly service: string | undefined
  /** OTLP SpanKind number. */
  readonly kind: number
  /** OTLP status code. */
  readonly statusCode: number
  readonly statusMessage: string
  /** From the start of the trace; missing: when the span above ended. */
  readonly startNanos: bigint | undefined
  /** Missing: until its last child ends, or a millisecond. */
  readonly durationNanos: bigint | undefined
  /** How many of it, one after the other, each with all that is under it. */
  readonly times: number
  readonly attributes: readonly KeyValue[]
  readonly resource: readonly KeyValue[]
  readonly events: DrawnEvent[]
  readonly children: DrawnSpan[]
}

export interface DrawnEvent {
  readonly name: string
  /** From the start of the trace; missing: when its span starts. */
  readonly timeNanos: bigint | undefined
  readonly attributes: readonly KeyValue[]
}

type Report = (problem: WordProblem) => void

const KINDS: ReadonlyMap<string, number> = new Map(
  ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'].map((kind, number) => [kind, number]),
)
const STATUSES: ReadonlyMap<string, number> = new Map(['unset', 'ok', 'error'].map((status, code) => [status, code]))
const UNIT_NANOS: ReadonlyMap<string, number> = new Map([
  ['us', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
])

/** What the words behind a name say, each at most once. */
interface Facts {
  service?: string
  kind?: number
  status?: number
  start?: bigint
  duration?: bigint
  times?: number
}

const FACT_NAMES: Readonly<Record<keyof Facts, string>> = {
  service: 'a service',
  kind: 'a kind',
  status: 'a status',
  start: 'a start',
  duration: 'a duration',
  times: 'a repeat',
}

/** Reads the words of a span's line; undefined where they name no span. */
export function readSpanLine(words: readonly Word[], report: Report): DrawnSpan | undefined {
  const [name, ...rest] = words as [Word, ...Word[]]
  if (!isName(name)) {
    report(problem(name, 'a line begins with the name of its span', 'write the name first, in quotes if it has blanks'))
    return undefined
  }
  const facts = readFacts(rest, report)
  const pairs = pairsOf(rest, report)
  const resource = pairs.flatMap(([key, value]): readonly KeyValue[] =>
    key.startsWith('resource.') ? [[key.slice('resource.'.length), value]] : [],
  )
  return {
    name: name.text,
    service: facts.service,
    kind: facts.kind ?? 1,
    statusCode: facts.status ?? 0,
    startNanos: facts.start,
    durationNanos: facts.duration,
    times: facts.times ?? 1,
    statusMessage: messageOf(pairs),
    attributes: pairs.filter(([key]) => !key.startsWith('resource.') && key !== STATUS_MESSAGE),
    resource,
    events: [],
    children: [],
  }
}

const STATUS_MESSAGE = 'span.status_message'

function messageOf(pairs: readonly KeyValue[]): string {
  const [, value] = pairs.find(([key]) => key === STATUS_MESSAGE) ?? []
  return value === undefined ? '' : String(Object.values(value)[0])
}

/** Reads `! name @5ms key=value`; an event is under a span. */
export function readEvent(words: readonly Word[], isUnderSpan: boolean, report: Report): DrawnEvent | undefined {
  const [mark, name, ...rest] = words as [Word, ...Word[]]
  if (!isUnderSpan) report(problem(mark, 'an event is under a span', 'indent it under its span'))
  if (name === undefined || !isName(name)) {
    report(problem(name ?? mark, 'an event has a name', 'write ! exception exception.type=Timeout'))
    return undefined
  }
  const facts = readFacts(rest, report)
  for (const fact of Object.keys(facts) as (keyof Facts)[]) {
    const word = rest.find((one) => one.value === undefined && factOf(one)?.[0] === fact)
    if (fact !== 'start' && word !== undefined) {
      report(problem(word, `an event has no ${FACT_NAMES[fact].slice(2)}`, 'write it on the line of the span'))
    }
  }
  return { name: name.text, timeNanos: facts.start, attributes: pairsOf(rest, report) }
}

/** Words in brackets, or after signs such as `@` or `!`, are not names unless quoted. */
function isName({ text, quoted, value }: Word): boolean {
  return value === undefined && text !== '' && (quoted || !/^[[\]@!#]/.test(text))
}

function pairsOf(words: readonly Word[], report: Report): readonly KeyValue[] {
  const keys = new Set<string>()
  return words.flatMap((word): readonly KeyValue[] => {
    const { text, value } = word
    if (value === undefined) return []
    if (keys.has(text)) report(problem(word, `${text} is given twice`, 'remove one of them'))
    keys.add(text)
    return [[text, value]]
  })
}

function readFacts(words: readonly Word[], report: Report): Facts {
  const facts: Facts = {}
  for (const word of words) {
    if (word.value !== undefined) continue
    const found = factOf(word)
    if (found === undefined) report(problem(word, `"${word.text}" says nothing of a span`, hintFor(word)))
    else if (facts[found[0]] !== undefined) {
      report(problem(word, `a span has one ${FACT_NAMES[found[0]].slice(2)}`, 'remove one of them'))
    } else Object.assign(facts, { [found[0]]: found[1] })
  }
  return facts
}

function factOf({ text, quoted }: Word): readonly [keyof Facts, string | number | bigint] | undefined {
  if (quoted) return undefined
  const kind = KINDS.get(text)
  if (kind !== undefined) return ['kind', kind]
  const status = STATUSES.get(text)
  if (status !== undefined) return ['status', status]
  const service = /^\[(.+)\]$/.exec(text)?.[1]
  if (service !== undefined) return ['service', service]
  const times = /^x([1-9]\d{0,5})$/.exec(text)?.[1]
  if (times !== undefined) return ['times', Number(times)]
  const start = text.startsWith('@') ? nanosOf(text.slice(1)) : undefined
  if (start !== undefined) return ['start', start]
  const duration = nanosOf(text)
  return duration === undefined ? undefined : ['duration', duration]
}

/** `30ms`, `1.5s` in nanoseconds; what is longer than a double can say is long enough to be refused later. */
function nanosOf(text: string): bigint | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text) ?? []
  const size = UNIT_NANOS.get(unit)
  if (digits === undefined || size === undefined) return undefined
  return BigInt(Math.round(Math.min(Number(digits) * size, Number.MAX_VALUE)))
}

function hintFor({ text }: Word): string {
  if (/^@?\d+(\.\d+)?$/.test(text)) return `write a unit: ${text}ms`
  if (/^@?-/.test(text)) return 'a time is not negative'
  const meant = nearest(text, [...KINDS.keys(), ...STATUSES.keys()])
  if (meant !== undefined) return `did you mean "${meant}"?`
  return 'write key=value, a duration (30ms), a start (@5ms), a repeat (x3), [service], a kind or a status; quote a name with blanks'
}

function problem({ start, end }: Word, message: string, hint: string): WordProblem {
  const code: RuleTestProblemCode = 'malformed-span'
  return { code, start, end, message, hint }
}
