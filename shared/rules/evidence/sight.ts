import type { Lookups } from '../compile/plan-test.ts'

/** A span or a trace, and how operands are read of it. */
export interface Sight<Scope> {
  readonly scope: Scope
  readonly lookups: Lookups<Scope>
}
