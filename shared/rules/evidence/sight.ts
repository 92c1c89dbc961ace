import type { Attribute } from '../ast.ts'
import type { Lookups } from '../compile/plan-test.ts'

/** A span or a trace, and how operands are read of it. */
export interface Sight<Scope> {
  readonly scope: Scope
  readonly lookups: Lookups<Scope>
  /** The name of other spans of the trace that have an attribute which spans of this name lack. */
  readonly spanWith?: (attribute: Attribute) => string | undefined
}
