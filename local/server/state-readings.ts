import type { RuleState, RuleStates } from '../../shared/pipeline/rule-state.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import type { MetricReading } from './metrics.ts'

/** Rules that `/metrics` has states of. */
const MAX_RULES_SHOWN = 5_000

type Reading = Omit<MetricReading, 'name' | 'help'>

/** The states of the rules in force over the last 24 closed hours. A rule that came since the last look has none. */
export function stateReadings(rules: readonly CheckedRule[], states: RuleStates | undefined): readonly MetricReading[] {
  const revisions = new Map(rules.map(({ name, revision }) => [name, revision]))
  const known = (states?.rules ?? []).filter(({ rule, revision }) => revisions.get(rule) === revision)
  const shown = known.slice(0, MAX_RULES_SHOWN)
  const gauge = (name: string, help: string, read: (state: RuleState) => Reading) =>
    shown.map((state): MetricReading => ({ name, help, ...read(state) }))
  const over = 'in the last 24 closed hours'
  return [
    ...gauge('betrace_rule_state', `The state of each rule ${over}: 1 with the state it has.`, ({ rule, state }) => {
      return { value: 1, labels: { rule, state } }
    }),
    ...gauge('betrace_rule_exercised_traces', `Traces that exercised each rule ${over}.`, ({ rule, exercised }) => {
      return { value: exercised, labels: { rule } }
    }),
    ...gauge('betrace_rule_violated_traces', `Traces that broke each rule ${over}.`, ({ rule, violated }) => {
      return { value: violated, labels: { rule } }
    }),
    ...gauge(
      'betrace_rule_last_exercised_timestamp_seconds',
      `When the last trace that exercised each rule ${over} started; 0: none did.`,
      ({ rule, lastExercised }) => {
        return { value: lastExercised === null ? 0 : Date.parse(lastExercised) / 1000, labels: { rule } }
      },
    ),
  ]
}
