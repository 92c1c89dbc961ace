import type { SourceRange } from '../../errors.ts'
import type { Bound, Condition } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { countName } from './names.ts'
import {
  type Defined,
  type DefinedValue,
  type Definitions,
  type PartBudget,
  type Reading,
  report,
  textOf,
} from './reading.ts'
import type { TextRange } from './syntax.ts'

/** Parts (comparisons, names, values …) that definitions may add to one rule, and to one another. */
const MAX_PARTS = 2000
/** The same for all rules of a set: in each of 10,000 rules a few letters can name as many parts as a long rule has. */
const MAX_SET_PARTS = 1_000_000
/** Names that are compared with what was written, for all hints of a set. */
const COMPARED_NAMES = 100_000
/** As deep as brackets and `not` may nest. */
const MAX_LEVELS = 64

export function newPartBudget(): PartBudget {
  return { parts: MAX_SET_PARTS, names: COMPARED_NAMES }
}

export function newDefinitions(budget: PartBudget = newPartBudget()): Definitions {
  return { budget, values: new Map(), conditions: new Map() }
}

/** The meaning of `$name`, as if it were written here. */
export function useValue(reading: Reading, node: TextRange): DefinedValue | undefined {
  const name = textOf(reading, node)
  const defined = reading.definitions.values.get(name)
  if (defined === undefined) return reportUnknownValue(reading, node, name)
  const meaning = use(reading, node, defined)
  return meaning && { ...meaning, items: meaning.items.map((item) => placedAt(item, reading.rangeOf(node))) }
}

function reportUnknownValue(reading: Reading, node: TextRange, name: string): undefined {
  const meant = nearestDefined(reading.definitions, name)
  const hint =
    meant === undefined ? `write let ${name === '$' ? '$name' : name} = … before it` : `did you mean ${meant}?`
  return report(reading, node, 'unknown-definition', `nothing before this defines ${name}`, hint)
}

/** The name that was meant, as long as looking for one costs little beside reading. */
function nearestDefined({ budget, values }: Definitions, name: string): string | undefined {
  if (values.size > budget.names) return undefined
  budget.names -= values.size
  return nearest(name, values.keys())
}

export function isDefinedCondition(reading: Reading, name: string): boolean {
  return reading.definitions.conditions.has(name)
}

/** The condition that `define` gave a name to, as if it were written here in brackets. */
export function useCondition(reading: Reading, node: TextRange): Condition | undefined {
  const defined = reading.definitions.conditions.get(textOf(reading, node))
  const meaning = defined && use(reading, node, defined)
  if (meaning === undefined) return undefined
  const placed = placedAt(meaning, reading.rangeOf(node))
  return bindsNames(placed) ? renamed(reading, node, placed) : placed
}

function use<Meaning>(
  reading: Reading,
  node: TextRange,
  { meaning, parts, range }: Defined<Meaning>,
): Meaning | undefined {
  const name = textOf(reading, node)
  if (meaning === undefined) {
    const message = `the definition of ${name} on line ${range.start.line} has a problem`
    return report(reading, node, 'broken-definition', message, 'mend the definition')
  }
  const { budget } = reading.definitions
  reading.expanded += parts
  if (reading.expanded > MAX_PARTS) {
    const message = `definitions may add at most ${MAX_PARTS.toLocaleString('en')} parts to a rule or a definition`
    return report(reading, node, 'expression-too-long', message, 'use fewer definitions, or split the rule')
  }
  budget.parts -= parts
  if (budget.parts >= 0) return meaning
  const message = `definitions may add at most ${MAX_SET_PARTS.toLocaleString('en')} parts of all rules of a set`
  return report(reading, node, 'expression-too-long', message, 'use shorter definitions, or split the set')
}

/** Reports a condition that definitions have made deeper than one may be written. */
export function checkDepth(reading: Reading, node: TextRange, condition: Condition | undefined): Condition | undefined {
  if (condition === undefined || reading.expanded === 0 || levelsOf(condition) <= MAX_LEVELS) return condition
  const message = 'with its definitions, the condition nests more than 64 levels deep'
  return report(reading, node, 'nesting-too-deep', message, 'use fewer definitions within each other')
}

function levelsOf(condition: Condition): number {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return 1 + condition.operands.reduce((most, operand) => Math.max(most, levelsOf(operand)), 0)
    case 'not':
      return 1 + levelsOf(condition.operand)
    default:
      return 1
  }
}

/** How many nodes a part of the tree holds. */
export function partsOf(tree: unknown): number {
  if (typeof tree !== 'object' || tree === null) return 0
  const parts = Object.entries(tree).reduce((sum, [key, inner]) => sum + (isPlace(key) ? 0 : partsOf(inner)), 0)
  return parts + ('kind' in tree ? 1 : 0)
}

/** The same tree with every node at one place: a problem found in it later is shown where the name is used. */
function placedAt<Tree>(tree: Tree, range: SourceRange): Tree {
  if (typeof tree !== 'object' || tree === null) return tree
  if (Array.isArray(tree)) return tree.map((item) => placedAt(item, range)) as Tree
  const copy = { ...tree } as Record<string, unknown>
  for (const key of Object.keys(copy)) copy[key] = isPlace(key) ? range : placedAt(copy[key], range)
  return copy as Tree
}

/** Most definitions bind no name, and a set uses them thousands of times. */
function bindsNames(tree: unknown): boolean {
  if (typeof tree !== 'object' || tree === null) return false
  if (isBound(tree)) return true
  const inner = tree as Readonly<Record<string, unknown>>
  return Object.keys(inner).some((key) => !isPlace(key) && bindsNames(inner[key]))
}

/** The same tree with new ids for the names bound in it: the names stay inside, and a rule may use the tree twice. */
function renamed<Tree>(reading: Reading, use: TextRange, tree: Tree, ids = new Map<number, number>()): Tree {
  if (typeof tree !== 'object' || tree === null) return tree
  if (Array.isArray(tree)) return tree.map((item) => renamed(reading, use, item, ids)) as Tree
  if (isBound(tree)) {
    const id = ids.get(tree.id) ?? reading.names.next++
    ids.set(tree.id, id)
    countName(reading, use, tree.name)
    return { ...tree, id }
  }
  return Object.fromEntries(
    Object.entries(tree).map(([key, inner]) => [key, renamed(reading, use, inner, ids)]),
  ) as Tree
}

function isBound(node: object): node is Bound {
  return 'kind' in node && node.kind === 'bound'
}

function isPlace(key: string): boolean {
  return key === 'range' || key === 'patternRange'
}
