import type { Selector } from '../ast.ts'
import type { SpanView } from '../compile/plan.ts'
import type { Value } from '../judge/values.ts'
import type { Bucket } from './buckets.ts'
import type { Env } from './env.ts'
import { spansOfSelector, type Variable } from './formula.ts'
import { allJoined, countJoined } from './joined.ts'
import type { Planning } from './planner.ts'

/** One of the spans that a count or an aggregate is taken of. */
export interface Gathered {
  readonly position: number
  readonly view: SpanView
}

/** The spans of a selector that uses names. */
export interface Gathering {
  readonly variable: Variable
  all(env: Env): readonly Gathered[]
  /** What was worked out of spans, remembered where they are all that share a key. */
  remember<Result>(workOut: (env: Env, spans: readonly Gathered[]) => Result): (env: Env) => Result
}

export function planGathering(planning: Planning, selector: Selector): Gathering {
  const { variable, parts } = spansOfSelector(planning.variables, selector)
  const joined = planning.join(variable, parts)
  const find = (env: Env) => {
    const { found, bucket } = allJoined(env, joined)
    const spans = () => found.positions.map((position) => ({ position, view: found.views[position] as SpanView }))
    return { spans, bucket }
  }
  return {
    variable,
    all: (env) => find(env).spans(),
    remember(workOut) {
      const known = new WeakMap<Bucket, { readonly result: ReturnType<typeof workOut> }>()
      return (env) => {
        const { spans, bucket } = find(env)
        const before = bucket && known.get(bucket)
        if (before !== undefined) return before.result
        const result = workOut(env, spans())
        if (bucket !== undefined) known.set(bucket, { result })
        return result
      }
    },
  }
}

/** How many spans a selector that uses names takes. */
export function countPlanned(planning: Planning, selector: Selector): (env: Env) => Value {
  const { variable, parts } = spansOfSelector(planning.variables, selector)
  const joined = planning.join(variable, parts)
  return (env) => countJoined(env, joined)
}
