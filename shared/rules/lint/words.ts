import type { Comparison, Operand } from '../ast.ts'
import { quoted } from '../resolve/reading.ts'
import { operandsOf, type PlacedTest } from '../walk.ts'
import type { RuleFacts } from './facts.ts'
import { valuesOf } from './selections.ts'
import type { Lint } from './warning.ts'

/** A dotted word after `==` is an attribute on some spans and text on others. */
export const reportDottedWords: Lint =
  () =>
  ({ tests }, report) => {
    for (const { test } of tests) {
      for (const operand of operandsOf(test)) {
        if (operand.kind !== 'attributeOrText') continue
        const { word, range } = operand
        const otherwise = test.kind === 'comparison' && test.operator === '!=' ? 'nothing' : `the text "${word}"`
        report({
          code: 'ambiguous-dotted-word',
          message: `${word} is an attribute here, and ${otherwise} where a span lacks it`,
          hint: `write attr(${word}) for the attribute, or ${quoted(word)} for the text`,
          range,
        })
      }
    }
  }

/** An undotted word after `==` is text, even where rules read an attribute so named. */
export const reportAttributesAsText: Lint = ({ rules }) => {
  const places = attributePlaces(rules)
  return ({ tests }, report) => {
    for (const { test, of } of tests) {
      if (of !== 'span' || test.kind !== 'comparison' || !readsAttribute(test.left)) continue
      const { right } = test
      const place = right.kind === 'text' && !right.quoted ? places.get(right.value) : undefined
      if (right.kind !== 'text' || place === undefined) continue
      report({
        code: 'attribute-as-text',
        message: `${right.value} is the text "${right.value}" here; at ${place} it is an attribute`,
        hint: `write attr(${right.value}) for the attribute, or ${quoted(right.value)} for the text`,
        range: right.range,
      })
    }
  }
}

function readsAttribute(operand: Operand): boolean {
  return operand.kind !== 'intrinsic'
}

/** Where each undotted word is first read as an attribute with a value; what is true or false is seldom compared with. */
function attributePlaces(rules: readonly RuleFacts[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  for (const { rule, tests } of rules) {
    for (const operand of attributesOf(tests)) {
      if (operand.kind !== 'attribute' || operand.key.includes('.') || places.has(operand.key)) continue
      places.set(operand.key, `${rule.file}:${operand.range.start.line}`)
    }
  }
  return places
}

function* attributesOf(tests: readonly PlacedTest[]): Generator<Operand> {
  for (const { test } of tests) {
    if (test.kind === 'truthy' || (test.kind === 'comparison' && isBoolean(test))) continue
    yield* valuesOf(test)
  }
}

function isBoolean({ left, right }: Comparison): boolean {
  return left.kind === 'boolean' || right.kind === 'boolean'
}
