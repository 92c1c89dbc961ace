import type { Atom, Condition, Test } from '../ast.ts'
import { OPERATORS } from '../operators.ts'
import { printCondition } from '../print/print.ts'
import { isTest, operandsOf } from '../walk.ts'
import type { Lint } from './warning.ts'

/** `not (currency == USD)` holds of a span without a currency too, which is seldom meant. */
export const reportNotOverMissing: Lint =
  () =>
  ({ conditions, selections, eventFilters }, report) => {
    const ofSpans = selections.map(({ filters }) => filters)
    for (const together of [conditions, ...ofSpans, ...eventFilters]) {
      const negated = together.flatMap((node) => [...negatedTests(node, true)])
      if (negated.length === 0) continue
      const known = new Set(together.flatMap((node) => [...keysRead(node, true)]))
      for (const { test, key } of negated) {
        if (known.has(key)) continue
        known.add(key)
        report({
          code: 'not-over-missing',
          message: `this "not" also holds of spans that have no ${key}`,
          hint: `write ${opposite(test) ?? `exists(${key}) and not (${printCondition(test)})`}, or not (exists(${key}) and …) if spans without it are meant`,
          range: test.range,
        })
      }
    }
  }

/** The keys that are read where nothing is negated: the writer has thought of spans that lack them. */
function* keysRead(filter: Condition, positive: boolean): Generator<string> {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const operand of filter.operands) yield* keysRead(operand, positive)
      return
    case 'not':
      return yield* keysRead(filter.operand, !positive)
    default: {
      // not exists(x) says itself that x may be missing.
      if (positive || filter.kind === 'exists') yield* keysOf(filter)
    }
  }
}

/** The comparisons that are to be false, by the key whose absence makes them so. */
function* negatedTests(
  filter: Condition,
  positive: boolean,
): Generator<{ readonly test: Exclude<Test, { readonly kind: 'exists' | 'truthy' }>; readonly key: string }> {
  switch (filter.kind) {
    case 'and':
    case 'or':
      // None of several things: no span has all the keys, and none is expected to.
      if (!positive && new Set(keysRead(filter, true)).size > 1) return
      for (const operand of filter.operands) yield* negatedTests(operand, positive)
      return
    case 'not':
      return yield* negatedTests(filter.operand, !positive)
    case 'comparison':
    case 'membership':
    case 'matches':
      if (!positive) for (const key of keysOf(filter)) yield { test: filter, key }
  }
}

/** The attributes that a test reads: of its own span, else of bound ones. */
function keysOf(atom: Atom): readonly string[] {
  if (!isTest(atom)) return []
  const operands = operandsOf(atom)
  const own = operands.flatMap((operand) => (operand.kind === 'attribute' ? [operand.key] : []))
  if (own.length > 0) return own
  return operands.flatMap((operand) =>
    operand.kind === 'boundValue' && operand.value.kind === 'attribute'
      ? [`${operand.bound.name}.${operand.value.key}`]
      : [],
  )
}

/** The same without `not`, false where the attribute is missing. */
function opposite(test: Test): string | undefined {
  if (test.kind === 'membership') return printCondition({ ...test, negated: !test.negated })
  if (test.kind !== 'comparison') return undefined
  const operator = OPERATORS[test.operator].opposite
  return operator && printCondition({ ...test, operator })
}
