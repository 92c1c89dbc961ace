import { mayHaveName, mayHaveNameThat, type NameSet } from '../archive/name-set.ts'
import type { CheckedRule, NamePattern } from '../rules/ast.ts'
import { globTest } from '../rules/compile/glob.ts'
import { type Requirement, requirementOf } from '../rules/compile/requirement.ts'
import type { CompiledRules } from '../rules/compile/rule-set.ts'

/** What the rules can have to say, as far as span names tell. */
export interface Relevance {
  /** Some rule has to be asked about every trace. */
  readonly everyTrace: boolean
  /** Some rule has to be asked about a trace with a span of this name. */
  concerns(name: string): boolean
  /** False only where no trace whose spans lie in these objects can get any but the idle outcome of a rule. */
  mayMatter(objects: readonly NameSet[]): boolean
}

/** Derives it from the rules of a compiled set. */
export function relevanceOf(set: CompiledRules): Relevance {
  const requirements = set.rules.map(ruleRequirement)
  return {
    everyTrace: set.always.length > 0 || set.anySpan.length > 0,
    concerns: (name) => set.lookup(name).some(({ triggers }) => triggers.length > 0),
    mayMatter: (objects) => requirements.some((requirement) => mayBeMet(requirement, objects)),
  }
}

function ruleRequirement({ body }: CheckedRule): Requirement {
  return requirementOf(body.kind === 'pattern' ? body.condition : body.when)
}

function mayBeMet(requirement: Requirement, objects: readonly NameSet[]): boolean {
  return requirement.every((names) => names.some((name) => objects.some((object) => mayOccur(name, object))))
}

function mayOccur(name: NamePattern, object: NameSet): boolean {
  switch (name.kind) {
    case 'exact':
      return mayHaveName(object, name.name)
    case 'glob':
      return mayHaveNameThat(object, globTest(name.pattern))
    case 'any':
      return true
  }
}
