import type { SourceRange } from '../../errors.ts'
import type { Condition } from '../ast.ts'
import { problemAt, type Report } from './pass.ts'

/** Reports what the language has and the judge does not know yet: bound names. */
export function reportUnjudged(conditions: readonly Condition[], report: Report): void {
  const open: unknown[] = [...conditions]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    open.push(...Object.values(node))
    const { kind, range } = node as { readonly kind?: string; readonly range: SourceRange }
    const construct = kind === undefined ? undefined : UNJUDGED.get(kind)
    if (construct === undefined) continue
    const hint = 'write the rule without it, or keep the rule out until a later version'
    report(problemAt(range, 'unsupported-feature', `${construct} is not judged by this version yet`, hint))
  }
}

const UNJUDGED: ReadonlyMap<string, string> = new Map([
  ['bound', '"as" (binding a span)'],
  ['boundWhere', '"as" (binding a span)'],
])
