import type { SignalData } from '../shared/pipeline/signal.ts'
import { signalLines } from '../shared/text/signal-text.ts'
import { paint, type Screen } from './terminal.ts'

/** A signal as a few lines for people: what fired, on which trace, and why. */
export function signalText(data: SignalData, isShadow: boolean, screen: Screen): string {
  const lines = signalLines(data, (style, text) => paint(screen, style, text), { notes: isShadow ? ['shadow'] : [] })
  return lines.map((line) => `${line}\n`).join('')
}
