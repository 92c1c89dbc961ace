import * as v from 'valibot'
import { isMap, isScalar, type Node, type Scalar } from 'yaml'
import { isSecretKey } from '../../catalogue/secret-key.ts'
import { InputError, type SourceRange } from '../../errors.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { rangeOf, startOfNode } from '../../rules/read/pack-nodes.ts'
import { nearest } from '../../rules/read/suggest.ts'
import { RECEIVER_TYPES } from '../receivers/all.ts'
import type { Receiver, ReceiverType } from '../receivers/receiver.ts'
import { type NotifyFile, refuse } from './problem.ts'
import { hasReference, type Resolved } from './references.ts'
import { childrenOf, nodeAt, nodesBelow, plainValue, textsIn } from './settings.ts'
import { writtenSecret } from './written-secrets.ts'

/** A receiver as written: its settings are not looked at yet. */
export interface WrittenReceiver {
  readonly name: string
  readonly nameRange: SourceRange
  /** Undefined where it cannot be opened, which was reported. */
  readonly type: ReceiverType<unknown> | undefined
  readonly node: Node
  /** Its texts, in which references may be. */
  readonly texts: readonly Scalar<string>[]
}

const NAME = /^[A-Za-z][\w-]{0,63}$/

/** Takes the receivers apart; what has no name or no known type is reported, and has no `type`. */
export function writtenReceivers(file: NotifyFile, map: Node | undefined): readonly WrittenReceiver[] {
  const hint = 'write receivers: and below it a name for each'
  if (!isMap(map)) return refuse(file, map, 'malformed-notify', 'the file names no receivers', hint) ?? []
  const entries = childrenOf(file.nodes, map)
  if (map.items.length > entries.length || entries.length === 0) {
    refuse(file, map, 'malformed-notify', 'a receiver has no settings', 'write type: slack, or another, below its name')
  }
  return entries.map(({ key, keyNode, value }) => writtenReceiver(file, key, keyNode ?? value, value))
}

function writtenReceiver(file: NotifyFile, name: string, nameNode: Node, node: Node): WrittenReceiver {
  if (!NAME.test(name)) {
    const message = 'the name of a receiver is letters, digits, "_" and "-", a letter first, at most 64'
    refuse(file, nameNode, 'malformed-receiver', message, 'write a name such as oncall')
  }
  const parts = nodesBelow(file, node)
  const type = parts && typeOf(file, name, node)
  if (parts !== undefined) reportWrittenSecrets(file, type, node)
  return { name, nameRange: rangeOf(file.nodes, nameNode), type, node, texts: textsIn(parts ?? []) }
}

function typeOf(file: NotifyFile, name: string, node: Node): ReceiverType<unknown> | undefined {
  const known = [...RECEIVER_TYPES.keys()]
  const hint = `write type: and one of ${known.join(', ')}`
  const written = isMap(node) ? childrenOf(file.nodes, node).find(({ key }) => key === 'type')?.value : undefined
  if (written === undefined) return refuse(file, node, 'malformed-receiver', `${name} has no type`, hint)
  const given = isScalar(written) ? String(written.value) : ''
  const type = RECEIVER_TYPES.get(given)
  if (type !== undefined) return type
  const meant = TYPE_SYNONYMS.get(given.toLowerCase()) ?? nearest(given, known)
  const meantHint = meant === undefined ? hint : `did you mean ${meant}?`
  return refuse(file, written, 'malformed-receiver', `"${given}" is not a type of receiver`, meantHint)
}

/** What others call the same. */
const TYPE_SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['msteams', 'teams'],
  ['microsoft-teams', 'teams'],
  ['pager', 'pagerduty'],
  ['http', 'webhook'],
  ['prometheus', 'alertmanager'],
])

const TYPES = [...RECEIVER_TYPES.values()]
const OPEN_SETTINGS = new Set(
  TYPES.flatMap(({ schema, secrets }) => Object.keys(schema.entries).filter((name) => !secrets.includes(name))),
)
/** Settings that are secret in every type that has them. */
const ALWAYS_SECRET = TYPES.flatMap(({ secrets }) => secrets.filter((name) => !OPEN_SETTINGS.has(name)))

/** A setting that holds a secret has a reference in it; of a map, such as of headers, those that are secrets by name. */
function reportWrittenSecrets(file: NotifyFile, type: ReceiverType<unknown> | undefined, node: Node): void {
  const names = type?.secrets ?? ALWAYS_SECRET
  const secrets = childrenOf(file.nodes, node).filter(({ key }) => names.includes(key))
  for (const { key, value } of secrets) {
    const below = childrenOf(file.nodes, value)
    const values = isMap(value) ? below.filter((each) => isSecretKey(each.key)).map((each) => each.value) : undefined
    const items = values ?? (below.length > 0 ? below.map((each) => each.value) : [value])
    for (const text of items) {
      const isWritten = isScalar(text) && text.value !== null && !hasReference(String(text.value))
      if (isWritten) file.report(writtenSecret(rangeOf(file.nodes, text), `${key} is secret`))
    }
  }
}

/** Checks the settings of a receiver, references replaced, and opens it; undefined where they have problems. */
export function openReceiver(
  file: NotifyFile,
  receiver: WrittenReceiver,
  resolved: Resolved,
  clock: Clock,
): Receiver | undefined {
  const { name, type, node } = receiver
  if (type === undefined) return undefined
  const settings = plainValue(file.nodes, node, resolved)
  const { type: _, ...given } = settings as Readonly<Record<string, unknown>>
  const result = v.safeParse(type.schema, given)
  if (!result.success) {
    for (const issue of result.issues) reportIssue(file, { name, type, node }, issue)
    return undefined
  }
  try {
    return type.open(name, result.output, { clock })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return refuse(file, node, 'malformed-receiver', error.message, error.hint ?? 'correct its settings')
  }
}

/** What was found is never said: it may be a secret. */
function reportIssue(
  file: NotifyFile,
  { name, type, node }: { readonly name: string; readonly type: ReceiverType<unknown>; readonly node: Node },
  issue: v.BaseIssue<unknown>,
): void {
  const path = (issue.path ?? []).map(({ key }) => String(key))
  const setting = path.join('.')
  if (issue.expected === 'never') {
    const known = Object.keys(type.schema.entries)
    const meant = nearest(path.at(-1) ?? '', known)
    const hint = meant === undefined ? `use only ${known.join(', ')}` : `did you mean ${meant}?`
    const place = nodeAt(file.nodes, node, path, 'key')
    refuse(file, place, 'malformed-receiver', `${type.type} has no setting ${setting}`, hint)
  } else if (issue.received === 'undefined' && path.length === 1) {
    const range = startOfNode(file.nodes, node)
    file.report({ code: 'malformed-receiver', message: `${name} has no ${setting}`, hint: `add ${setting}: …`, range })
  } else {
    // The library's own sentences repeat what was given.
    const wanted = issue.message.startsWith('Invalid ')
      ? `expected ${issue.expected ?? 'another value'}`
      : issue.message
    const subject = setting === '' ? name : `${setting} of ${name}`
    const isUnquoted = issue.expected === 'string' && /^[\dtf]/.test(issue.received)
    const correct = setting === '' ? `correct the settings of ${name}` : `correct ${setting}`
    const hint = isUnquoted ? 'put it in quotes' : correct
    refuse(file, nodeAt(file.nodes, node, path, 'value'), 'malformed-receiver', `${subject}: ${wanted}`, hint)
  }
}
