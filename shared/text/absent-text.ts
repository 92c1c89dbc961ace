import type { AbsentAttribute } from '../rules/blind/absent.ts'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** Absent attributes that are named for each rule. */
const MAX_ABSENT = 3

/** `order.id on 0 of 134 payment.charge; they have app.order.id`. Untrusted text: whoever shows it makes it visible. */
export function absentText({ attribute, spans, event, asked, nearest }: AbsentAttribute): string {
  const named = spans === 'any' ? 'spans' : spans
  const of = event === undefined ? named : `${event === 'any' ? 'events' : `${event} events`} of ${named}`
  const meant = nearest === null ? '' : `; they have ${nearest}`
  return `${attribute} on 0 of ${asked.toLocaleString('en-US')} ${of}${meant}`
}

/** A rule that proved nothing; a verdict of an older release does not say what it looked for. */
interface Unproved {
  readonly rule: string
  readonly absent?: readonly AbsentAttribute[]
}

/** What such rules looked for in vain, a line an attribute, after an empty line. */
export function absentLines(rules: readonly Unproved[], paint: Paint): readonly string[] {
  const lines = rules.flatMap(({ rule, absent = [] }) => {
    const shown = absent.slice(0, MAX_ABSENT).map(absentText)
    const more = absent.length - shown.length
    const texts = more > 0 ? [...shown, `and ${more} more attribute${more === 1 ? '' : 's'}`] : shown
    return texts.map((text) => `  ${paint('yellow', visible(rule))}: ${visible(text)}`)
  })
  return lines.length === 0 ? [] : ['', ...lines]
}
