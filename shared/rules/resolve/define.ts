import type { SourceRange } from '../../errors.ts'
import type { Condition } from '../ast.ts'
import type { TextProblem } from '../problem.ts'
import { resolveCondition } from './condition.ts'
import { checkDepth, partsOf } from './definitions.ts'
import { reportThousands } from './habits.ts'
import { newNames } from './names.ts'
import { type Defined, type DefinedValue, type Reading, report, textOf } from './reading.ts'
import type { DefineNode, DefinitionNode, LetNode } from './syntax.ts'
import { resolveItem, resolveItems } from './test.ts'
import { isReserved } from './word.ts'

/** Makes the names known to what follows, and returns the conditions among their meanings. */
export function resolveDefinitions(reading: Reading, nodes: readonly DefinitionNode[]): readonly Condition[] {
  return nodes
    .map((node) => (node.kind === 'let' ? resolveLet(reading, node) : resolveDefine(reading, node)))
    .filter((condition) => condition !== undefined)
}

function resolveLet(reading: Reading, node: LetNode): undefined {
  const { text } = node.name
  if (!text.startsWith('$')) {
    report(reading, node.name, 'malformed-name', 'the name of a value begins with "$"', `write let $${text} = …`)
  }
  const meaning = fixedValue(reading, node)
  add(reading, node, reading.definitions.values, meaning)
}

function fixedValue(reading: Reading, { value, extra, equals }: LetNode): DefinedValue | undefined {
  if (extra !== null && reportThousands(reading, extra.start)) return undefined
  if (extra !== null) {
    const hint = 'write the value it comes to, or text in quotes'
    return report(reading, extra, 'not-a-value', 'let names one fixed value or a list of them', hint)
  }
  if (value.kind === 'missing') {
    return report(reading, equals, 'missing-value', 'nothing follows "="', 'write a value, or a list as in [a, b]')
  }
  const items = value.kind === 'list' ? resolveItems(reading, value) : resolveItem(reading, value)
  const isList = value.kind === 'list' || (value.kind === 'variable' && isListName(reading, textOf(reading, value)))
  return items && { isList, items }
}

function isListName(reading: Reading, name: string): boolean {
  return reading.definitions.values.get(name)?.meaning?.isList === true
}

function resolveDefine(reading: Reading, node: DefineNode): Condition | undefined {
  const { name, condition, equals } = node
  if (name.text.startsWith('$')) {
    const hint = `write define ${name.text.slice(1)} = …, or let for a value`
    report(reading, name, 'malformed-name', 'the name of a condition has no "$"', hint)
  } else if (isReserved(name.text)) {
    report(reading, name, 'reserved-word', `"${name.text}" is a word of the language`, 'choose another name')
  }
  let sound = true
  const noticing = (problem: TextProblem) => {
    sound = false
    reading.report(problem)
  }
  const inner: Reading = {
    ...reading,
    expanded: 0,
    names: newNames(textOf(reading, condition), condition),
    report: noticing,
  }
  const found =
    condition.kind === 'missing'
      ? report(inner, equals, 'missing-value', 'nothing follows "="', 'write a condition')
      : checkDepth(inner, condition, resolveCondition(inner, condition))
  add(reading, node, reading.definitions.conditions, sound ? found : undefined)
  return found
}

function add<Meaning>(
  reading: Reading,
  node: DefinitionNode,
  known: Map<string, Defined<Meaning>>,
  meaning: Meaning | undefined,
): void {
  const { name } = node
  const before = known.get(name.text)
  if (before !== undefined) {
    const message = `${name.text} is already defined on line ${before.range.start.line}`
    report(reading, name, 'duplicate-definition', message, 'give this one another name')
    return
  }
  const range: SourceRange = reading.rangeOf(node)
  known.set(name.text, { meaning, parts: partsOf(meaning), range })
}
