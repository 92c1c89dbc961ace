import type { AbsentAttribute } from '../rules/blind/absent.ts'

/** `order.id on 0 of 134 payment.charge; they have app.order.id`. Untrusted text: whoever shows it makes it visible. */
export function absentText({ attribute, spans, event, asked, nearest }: AbsentAttribute): string {
  const named = spans === 'any' ? 'spans' : spans
  const of = event === undefined ? named : `${event === 'any' ? 'events' : `${event} events`} of ${named}`
  const meant = nearest === null ? '' : `; they have ${nearest}`
  return `${attribute} on 0 of ${asked.toLocaleString('en-US')} ${of}${meant}`
}
