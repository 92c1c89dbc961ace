import type { Counted } from '../../shared/pipeline/ports.ts'
import type { SignalStatus } from '../../shared/pipeline/signal.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'

/** One series of a counter: its name and the values of its labels. */
export type Series = {
  readonly [Name in keyof Counted]: { readonly name: Name; readonly labels: Counted[Name] }
}[keyof Counted]

const STATUSES: readonly SignalStatus[] = ['firing', 'updated', 'retracted']

/**
 * The series that signals of these rules will count in. `/metrics` shows them at 0 before the first signal: `increase()`
 * and alerts see a first signal only where the series was there before.
 */
export function seriesOfRules(rules: readonly CheckedRule[]): readonly Series[] {
  const live = rules.filter(({ metadata }) => metadata.mode !== 'shadow')
  const severities = [...new Set(live.map(({ severity }) => severity))]
  return [
    ...rules.flatMap(({ name: rule, severity, metadata }) => {
      const shadow = metadata.mode === 'shadow'
      return STATUSES.map((status): Series => {
        return { name: 'signals', labels: { rule, severity, status, mode: 'live', shadow } }
      })
    }),
    ...severities.map((severity): Series => ({ name: 'signalsFiring', labels: { severity } })),
    ...live.map(({ name: rule, severity }): Series => ({ name: 'signalsSuppressed', labels: { rule, severity } })),
  ]
}
