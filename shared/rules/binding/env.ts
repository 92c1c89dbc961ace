import type { Run, SpanView } from '../compile/plan.ts'
import { MAX_STEPS } from '../judge/steps.ts'

/** One judging of one trace by one such rule. */
export interface Env {
  readonly run: Run
  /** The span chosen for each variable now, by its slot: where it is in the trace, and how it is read. */
  readonly positions: number[]
  readonly views: SpanView[]
  /** What was worked out once, by the number of the part that did. */
  readonly memory: unknown[]
  steps: number
}

export type Holds = (env: Env) => boolean

export function newEnv(run: Run): Env {
  return { run, positions: [], views: [], memory: [], steps: 0 }
}

/** Past the limit nothing that is found any more counts: the rule is given up. */
export function isExhausted({ steps }: Env): boolean {
  return steps > MAX_STEPS
}

/** Works something out when first asked for in an env, under a number that no other part has. */
export function once<Result>(number: number, workOut: (env: Env) => Result): (env: Env) => Result {
  return (env) => {
    const known = env.memory[number] as { readonly result: Result } | undefined
    if (known !== undefined) return known.result
    const result = workOut(env)
    env.memory[number] = { result }
    return result
  }
}
