import type { Atom, Bound, Condition, Operand } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { atomsOf } from '../walk.ts'
import { valuesOf } from './selections.ts'
import type { Lint } from './warning.ts'

/** A shorter name is near to any other word. */
const SHORTEST = 3

/** `chrage.amount` is an attribute; with a span bound as charge it is mostly a slip. */
export const reportMisspeltNames: Lint =
  () =>
  ({ conditions, binds, tests }, report) => {
    const names = binds ? boundNames(conditions) : []
    for (const { test } of names.length === 0 ? [] : tests) {
      for (const operand of valuesOf(test)) {
        const word = dottedWord(operand)
        const meant = word === undefined ? undefined : misspelt(word, names)
        if (word === undefined || meant === undefined) continue
        report({
          code: 'misspelt-bound-name',
          message: `${word} is an attribute: no span is bound as ${word.slice(0, word.indexOf('.'))}`,
          hint: `did you mean ${meant}? Write attr(${word}) for the attribute`,
          range: operand.range,
        })
      }
    }
  }

/** The word with the bound name that it nearly begins with. */
function misspelt(word: string, names: readonly string[]): string | undefined {
  const dot = word.indexOf('.')
  const first = word.slice(0, dot)
  if (first.length < SHORTEST || names.includes(first)) return undefined
  const meant = nearest(first, names)
  return meant && `${meant}${word.slice(dot)}`
}

function boundNames(conditions: readonly Condition[]): readonly string[] {
  const bound = conditions.flatMap((condition) => atomsOf(condition).flatMap(boundIn))
  return bound.map(({ name }) => name).filter((name) => name.length >= SHORTEST)
}

function boundIn(atom: Atom): readonly Bound[] {
  return atom.kind === 'has' && atom.as !== undefined ? [atom.as] : []
}

/** An attribute as a dotted word; written `attr(…)` it is meant. */
function dottedWord(operand: Operand): string | undefined {
  if (operand.kind === 'attributeOrText') return operand.word
  if (operand.kind !== 'attribute' || operand.from !== 'any' || !operand.key.includes('.')) return undefined
  const { start, end } = operand.range
  return end.offset - start.offset === operand.key.length ? operand.key : undefined
}
