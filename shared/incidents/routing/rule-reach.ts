import type { CheckedRule } from '../../rules/ast.ts'
import type { FactName, IncidentFacts } from './facts.ts'
import { type NotifyRoute, type Reached, reachOf, routesTaking } from './routes.ts'

/** What is known of an incident only when a rule is broken. */
const UNKNOWN: ReadonlySet<FactName> = new Set(['service', 'group', 'group.name', 'experiments', 'complete', 'source'])

interface Routes {
  readonly routes: readonly NotifyRoute[]
}

/** The receivers that a rule reaches when it is broken; for some this depends on where it is broken. */
export function reachOfRule(routes: Routes, rule: CheckedRule): readonly Reached[] {
  return reachOf(routes, factsOfRule(rule), UNKNOWN)
}

/** The routes that take incidents of no rule, whatever the service or group. */
export function unreachableRoutes<Route extends NotifyRoute>(
  { routes }: { readonly routes: readonly Route[] },
  rules: readonly CheckedRule[],
): readonly Route[] {
  const taken = rules.map((rule) => routesTaking({ routes }, factsOfRule(rule), UNKNOWN))
  return routes.filter((_, at) => taken.every((takes) => takes[at] === false))
}

function factsOfRule({ name, severity, metadata: { owner, tags } }: CheckedRule): IncidentFacts {
  return { rule: name, severity, owner, tags, service: '', experiments: [], source: '' }
}
