import type { SignalData } from '../shared/pipeline/signal.ts'
import { paint, type Screen } from './terminal.ts'

export const COLOURS = { critical: ['bold', 'red'], high: 'red', medium: 'yellow', low: 'cyan', info: 'blue' } as const

/** A signal as a few lines for people: what fired, on which trace, and why. */
export function signalText(data: SignalData, isShadow: boolean, screen: Screen): string {
  const severity = paint(screen, COLOURS[data.severity] as 'red', data.severity.toUpperCase())
  const name = paint(screen, 'bold', data.signal)
  const facts = [`trace ${data.traceId}`, data.service]
  if (!data.complete) facts.push('incomplete')
  if (isShadow) facts.push('shadow')
  const lines = [`${severity} ${name}${data.description === undefined ? '' : `: ${data.description}`}`]
  lines.push(`  ${paint(screen, 'dim', facts.filter((fact) => fact !== '').join(' · '))}`)
  for (const line of data.evidence.text.split('\n')) lines.push(`  ${line}`)
  return lines.map((line) => `${line}\n`).join('')
}
