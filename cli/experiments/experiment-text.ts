import type { ExperimentView } from '../../shared/experiments/api.ts'
import { escapeControls } from '../../shared/rules/evidence/wording.ts'
import { paint, type Screen } from '../terminal.ts'

const STATE_STYLES = { running: 'yellow', ended: 'green', abandoned: 'red', 'start-unknown': 'red' } as const

/** An experiment for people: id, state and name, then when, and what is known of it. */
export function experimentText(experiment: ExperimentView, screen: Screen): string {
  const { id, name, state, source, start, end, window, labels, services, rules, outcome, clockSkew } = experiment
  const title = name === id ? '' : `  ${escapeControls(name)}`
  const facts = [
    source,
    `${start ?? 'start not told'} to ${endText(state, end, window)}`,
    ...(outcome === null ? [] : [escapeControls(outcome)]),
    ...(services.length === 0 ? [] : [`services ${escapeControls(services.join(', '))}`]),
    ...(rules.length === 0 ? [] : [`expects ${escapeControls(rules.join(', '))}`]),
    ...Object.entries(labels).map(([key, value]) => escapeControls(`${key}=${value}`)),
    ...(clockSkew ? ['clocks differ'] : []),
  ]
  return `${paint(screen, 'bold', escapeControls(id))}  ${paint(screen, STATE_STYLES[state], state)}${title}\n  ${paint(screen, 'dim', facts.join(' · '))}`
}

function endText(state: ExperimentView['state'], end: string | null, window: ExperimentView['window']): string {
  if (end !== null) return end
  if (window === null) return 'end not told'
  return state === 'running' ? `now (given up at ${window.to})` : `${window.to} (end not told)`
}
