import { namesOf } from '../../trace/attribute-names.ts'
import type { Attribute } from '../ast.ts'
import type { Run } from '../compile/plan.ts'
import { readAttribute } from '../judge/attribute.ts'
import { isMissing } from '../judge/values.ts'

/** An attribute is looked for on this many spans of a trace. */
const MAX_SPANS_SEARCHED = 1_000

const found = new WeakMap<Run, Map<string, readonly string[]>>()

/** The name of a span of the trace that has the attribute, undefined where none has it, or one of the name `own` has. */
export function spanWith(run: Run, attribute: Attribute, own: string): string | undefined {
  const names = namesWith(run, attribute)
  return names.includes(own) ? undefined : names[0]
}

/** The names of spans that have the attribute, looked for once a run. */
function namesWith(run: Run, { key, exact }: Attribute): readonly string[] {
  const known = found.get(run) ?? new Map<string, readonly string[]>()
  found.set(run, known)
  const asked = exact === true ? `${key}\0exact` : key
  const before = known.get(asked)
  if (before !== undefined) return before
  const names = namesOf(key, exact)
  const having = run.trace.spans.slice(0, MAX_SPANS_SEARCHED).filter((span) => !isMissing(readAttribute(span, names)))
  const made = [...new Set(having.map((span) => span.name))]
  known.set(asked, made)
  return made
}
