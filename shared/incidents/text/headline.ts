import { counted } from '../../text/numbers.ts'
import type { Notice } from '../notice.ts'
import { shownName } from './shown.ts'
import { durationText, utcText } from './times.ts'

/** One line: what broke, where, since when, how many traces; of a resolved incident how it ended. */
export function headlineOf(notice: Notice): string {
  const line = notice.flood === undefined ? headlineOfOne(notice) : headlineOfFlood(notice, notice.flood.length)
  return notice.test === undefined ? line : `TEST by betrace notify: ${line}`
}

function headlineOfOne(notice: Notice): string {
  const { rule, service, group, change, opening, openedAtMs } = notice
  const name = shownName(rule)
  const inService = service === '' ? '' : ` in ${shownName(service)}`
  const where = group === undefined ? inService : `${inService} (${shownName(group.name)} = ${shownName(group.value)})`
  if (change === 'resolved') return `${name}${where} ${endOf(notice)}; ${tracesText(notice)}, ${periodOf(notice)}`
  const again = opening > 1 ? 'again ' : ''
  return `${name} broken ${again}${where === '' ? '' : `${where.trimStart()} `}since ${utcText(openedAtMs)}: ${tracesText(notice)}`
}

function headlineOfFlood(notice: Notice, count: number): string {
  const { change, openedAtMs, rule, severity } = notice
  const incidents = counted(count, 'incident')
  if (change === 'resolved') return `${incidents} that opened together ended; ${periodOf(notice)}`
  return `${incidents} opened together since ${utcText(openedAtMs)}, the most severe is ${shownName(rule)} (${severity})`
}

/** `130 traces`, `more than 10,000 traces` */
export function tracesText({ count, countIsAtLeast }: Notice): string {
  return `${countIsAtLeast ? 'more than ' : ''}${counted(count, 'trace')}`
}

function periodOf({ openedAtMs, endedAtMs, nowMs }: Notice): string {
  return `open for ${durationText((endedAtMs ?? nowMs) - openedAtMs)} since ${utcText(openedAtMs)}`
}

/** How it ended, so that nobody takes silence for health. */
function endOf({ ended, exercise }: Notice): string {
  if (ended === 'held') return exercise === undefined ? 'held again' : `held ${counted(exercise.held, 'time')} since`
  if (ended === 'unexercised') return 'closed unexercised: nobody tried it, we do not know'
  if (ended === 'withdrawn') return 'withdrawn: later spans show that the rule held'
  if (ended === 'removed') return 'closed: the rule was removed, renamed or put into shadow'
  return ended === 'by-hand' ? 'closed by hand' : 'ended'
}
