import type { AlertCondition } from '../../../shared/rules/ast.ts'

/** Part of the protocol that is left out or changed, to see that the laws notice. */
export type Mutant =
  | 'one-phase'
  | 'no-lease'
  | 'no-hold'
  | 'no-finish'
  | 'no-doubt'
  | 'no-mute'
  | 'mute-holds-ends'
  | 'opens-early'
  | 'opens-late'
  | 'no-watch'
  | 'no-exercise'
  | 'three-is-enough'
  | 'short-quiet'

/** Conditions that are a little off. */
export function mutated(alert: AlertCondition, mutant: Mutant | undefined): AlertCondition {
  const early = mutant === 'opens-early'
  if (!early && mutant !== 'opens-late') return alert
  if (alert.kind === 'count') return { ...alert, count: alert.count + (early ? -1 : 1) }
  return alert.kind === 'share' && early ? { ...alert, share: alert.share / 2 } : alert
}
