import type { Problem, SourceRange } from '../../errors.ts'
import type { Filter, Test } from '../../rules/ast.ts'
import { casesOf } from '../../rules/lint/cases.ts'
import { isImpossible } from '../../rules/lint/contradiction.ts'
import { atomsOf } from '../../rules/walk.ts'
import type { FactName } from './facts.ts'
import { factsRead, type Matcher } from './matcher.ts'

/** What in a matcher is probably not meant; it is used all the same. */
export interface MatcherWarning extends Problem<'never-matches' | 'not-over-missing' | 'quoted-glob'> {
  readonly hint: string
  readonly range: SourceRange
}

/** What an incident may lack. */
const OPTIONAL: ReadonlySet<FactName> = new Set(['owner', 'tags', 'group', 'group.name', 'experiments', 'complete'])

/** Looks for what is probably not meant in a matcher; `range` is where it is written. */
export function doubtsAbout({ filter }: Matcher, range: SourceRange): readonly MatcherWarning[] {
  return [...contradictionIn(filter, range), ...notOverMissing(filter, true, new Set()), ...globsIn(filter)]
}

function contradictionIn(filter: Filter, range: SourceRange): readonly MatcherWarning[] {
  const selector = { kind: 'selector', name: { kind: 'any', range }, filters: [filter], range } as const
  if (!isImpossible(casesOf({ kind: 'has', selector, range }, true))) return []
  const hint = 'write "or" where either may hold, or remove a part'
  return [{ code: 'never-matches', message: 'no incident can match this', hint, range }]
}

/** `not (owner == payments)` takes incidents without an owner, too. `known` are facts whose absence was thought of. */
function* notOverMissing(filter: Filter, positive: boolean, known: Set<FactName>): Generator<MatcherWarning> {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const operand of filter.operands) yield* notOverMissing(operand, positive, known)
      return
    case 'not':
      return yield* notOverMissing(filter.operand, !positive, known)
    default:
      for (const name of factsRead(filter)) {
        if (!OPTIONAL.has(name) || known.has(name)) continue
        known.add(name)
        if (positive || filter.kind === 'exists' || filter.kind === 'truthy') continue
        const message = `this "not" also takes incidents that have no ${name}`
        const hint = `add exists(${name}), or not exists(${name}) if they are meant`
        yield { code: 'not-over-missing', message, hint, range: filter.range }
      }
  }
}

/** `rule == "PAY*"` asks for a star. */
function globsIn(filter: Filter): readonly MatcherWarning[] {
  return atomsOf<Test>(filter).flatMap((test) => {
    if (test.kind !== 'comparison' || test.right.kind !== 'text' || !test.right.value.includes('*')) return []
    const [name = 'rule'] = factsRead(test)
    const start = test.right.value.split('*')[0] ?? ''
    const hint = `write ${name} starts with "${start}", or ${name} matches "…"`
    return [{ code: 'quoted-glob', message: 'a star is only a star here', hint, range: test.right.range }]
  })
}
