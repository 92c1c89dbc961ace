import type { Bound } from '../ast.ts'
import { type Names, type Reading, report } from './reading.ts'
import type { TextRange } from './syntax.ts'

/** Names one rule may bind. */
export const MAX_BOUND_NAMES = 4

/** For reading one body or definition of this text; `syntax` is its tree. */
export function newNames(text: string, syntax: unknown): Names {
  // Most rules bind nothing, and then there is nothing to walk for.
  const all = /\bas\b/.test(text) ? namesIn(syntax) : NONE
  return { visible: new Map(), closed: new Map(), all, given: new Set(), next: 0 }
}

const NONE: ReadonlySet<string> = new Set()

/** Without recursion: a long calculation nests deep. */
function namesIn(syntax: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const open = [syntax]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    const { kind, right } = node as { readonly kind?: unknown; readonly right?: { readonly text?: unknown } }
    if (kind === 'as' && typeof right?.text === 'string') names.add(right.text)
    open.push(...Object.values(node))
  }
  return names
}

/** Reads a part whose names hold in it alone; `where` says which part that is, as in `under "not"`. */
export function inOwnScope<Result>({ names }: Reading, where: string, read: () => Result): Result {
  const outer = names.visible
  const result = read()
  for (const name of names.visible.keys()) if (!outer.has(name)) names.closed.set(name, where)
  names.visible = outer
  return result
}

/** Makes the name known to what follows; reports one that is taken, or one too many. */
export function bind(reading: Reading, node: TextRange & { readonly text: string }): Bound | undefined {
  const { names } = reading
  const { text: name } = node
  const before = names.visible.get(name)
  if (before !== undefined) {
    const message = `${name} already names a span bound on line ${before.range.start.line}`
    return report(reading, node, 'duplicate-binding', message, 'give this span another name')
  }
  countName(reading, node, name)
  const bound: Bound = { kind: 'bound', name, id: names.next++, range: reading.rangeOf(node) }
  names.visible = new Map([...names.visible, [name, bound]])
  return bound
}

/** Reports a name that is one too many. */
export function countName(reading: Reading, node: TextRange, name: string): void {
  const { given } = reading.names
  const isFull = given.size === MAX_BOUND_NAMES
  given.add(name)
  if (isFull && given.size > MAX_BOUND_NAMES)
    report(reading, node, 'too-many-names', `a rule binds at most ${MAX_BOUND_NAMES} names`, 'split the rule')
}

/** A word that is a bound name, or begins with one. */
export interface BoundWord {
  readonly bound: Bound
  /** What follows the name and a dot; '' where nothing does. */
  readonly key: string
}

/** The bound span that a word names or begins with: a bound name comes before attributes and span names. */
export function boundWord(reading: Reading, node: TextRange & { readonly text: string }): BoundWord | undefined {
  const [name, key] = splitName(node.text)
  const bound = reading.names.visible.get(name)
  if (bound === undefined) return undefined
  const range = reading.rangeOf({ start: node.start, end: node.start + name.length })
  return { bound: { ...bound, range }, key }
}

/** True for a word that begins with a name bound in this rule, but not here. */
export function isBoundElsewhere({ names }: Reading, word: string): boolean {
  const [name] = splitName(word)
  return !names.visible.has(name) && names.all.has(name)
}

/** Reports the use of a name that is not bound here. */
export function reportElsewhere(
  reading: Reading,
  node: TextRange & { readonly text: string },
  otherwise: string,
): undefined {
  const [name] = splitName(node.text)
  const where = reading.names.closed.get(name)
  const message =
    where === undefined ? `${name} is bound only after this` : `${name} is bound ${where}, and means nothing here`
  const move = where === undefined ? `bind ${name} before it is used` : 'move this to where it is bound'
  return report(reading, node, 'unbound-name', message, `${move}, or ${otherwise}`)
}

function splitName(word: string): readonly [string, string] {
  const [, name = word, key = ''] = /^([^./-]+)\.(.+)$/.exec(word) ?? []
  return [name, key]
}
