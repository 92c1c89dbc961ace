import type { ExperimentView } from '../../shared/experiments/api.ts'
import { visible } from '../../shared/text/visible.ts'
import { paint, type Screen } from '../terminal.ts'

const STATE_STYLES = new Map([
  ['running', 'yellow'],
  ['ended', 'green'],
  ['abandoned', 'red'],
  ['start-unknown', 'red'],
] as const)

/** An experiment for people: id, state and name, then when, and what is known of it. */
export function experimentText(experiment: ExperimentView, screen: Screen): string {
  const { id, name, state, source, start, end, window, labels, services, rules, outcome, clockSkew } = experiment
  const title = name === id ? '' : `  ${visible(name)}`
  const facts = [
    visible(source),
    visible(`${start ?? 'start not told'} to ${endText(state, end, window)}`),
    ...(outcome === null ? [] : [visible(outcome)]),
    ...(services.length === 0 ? [] : [`services ${visible(services.join(', '))}`]),
    ...(rules.length === 0 ? [] : [`expects ${visible(rules.join(', '))}`]),
    ...Object.entries(labels).map(([key, value]) => visible(`${key}=${value}`)),
    ...(clockSkew ? ['clocks differ'] : []),
  ]
  return `${paint(screen, 'bold', visible(id))}  ${paint(screen, STATE_STYLES.get(state), visible(state))}${title}\n  ${paint(screen, 'dim', facts.join(' · '))}`
}

function endText(state: ExperimentView['state'], end: string | null, window: ExperimentView['window']): string {
  if (end !== null) return end
  if (window === null) return 'end not told'
  return state === 'running' ? `now (given up at ${window.to})` : `${window.to} (end not told)`
}
