import type { Attribute, BoundValue, Operand } from '../ast.ts'
import { lookupsOf } from '../compile/requirement.ts'
import { printOperand } from '../print/print.ts'
import type { Sight } from './sight.ts'

/** A value as rules write it, and the other name under which it was found: `http.route (read as uri)`. */
export function printRead<Scope>(sight: Sight<Scope>, operand: Operand): string {
  return `${printOperand(operand)}${sayReadAs(sight, operand)}`
}

/** ` (read as uri)`, or nothing where each attribute was found under its own name; in a calculation, which attribute it was. */
export function sayReadAs<Scope>(sight: Sight<Scope>, operand: Operand): string {
  const said = lookupsOf(operand).flatMap((lookup) => {
    const name = nameRead(sight, lookup)
    if (name === undefined) return []
    return [lookup === operand ? ` (read as ${name})` : ` (${printOperand(lookup)} read as ${name})`]
  })
  return said.join('')
}

function nameRead<Scope>({ scope, lookups }: Sight<Scope>, operand: Operand): string | undefined {
  const named = namedBy(operand)
  return named && lookups.nameRead(named)(scope)
}

function namedBy(operand: Operand): Attribute | BoundValue | undefined {
  if (operand.kind === 'attribute' || operand.kind === 'boundValue') return operand
  if (operand.kind !== 'attributeOrText') return undefined
  return { kind: 'attribute', key: operand.word, from: 'any', range: operand.range }
}
