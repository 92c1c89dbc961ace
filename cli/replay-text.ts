import type { ReplayReport, RuleReport } from '../shared/replay/report.ts'
import { absentText } from '../shared/text/absent-text.ts'
import { counted, grouped } from '../shared/text/numbers.ts'
import { SEVERITY_STYLES } from '../shared/text/signal-text.ts'
import { sparkline } from '../shared/text/sparkline.ts'
import { visible } from '../shared/text/visible.ts'
import { signalText } from './signal-text.ts'
import { paint, type Screen, widthOf } from './terminal.ts'

const HOUR_MS = 3_600_000

/** A replay's report for people: each rule with its violations over time and the first of them in full. */
export function replayText(report: ReplayReport, screen: Screen): string {
  return report.rules.map((rule) => ruleText(rule, report, screen)).join('\n')
}

function ruleText(rule: RuleReport, report: ReplayReport, screen: Screen): string {
  const severity = paint(screen, SEVERITY_STYLES.get(rule.severity), visible(rule.severity.toUpperCase()))
  const name = `${paint(screen, 'bold', visible(rule.rule))}${rule.shadow ? ' (shadow)' : ''}`
  const lines = [`${severity} ${name}: ${outcomeText(rule)}`]
  if (rule.violated > 0) {
    const { counts, hoursEach } = violationsOver(rule, report, widthOf(screen) - 4)
    lines.push(`  ${sparkline(counts)}`)
    const each = hoursEach === 1 ? 'an hour' : `${hoursEach} hours`
    lines.push(paint(screen, 'dim', `  ${each} a mark, from ${visible(report.from)} to ${visible(report.to)}`))
    lines.push(paint(screen, 'dim', visible(`  first ${rule.first} · last ${rule.last}`)))
  }
  if (rule.blind > 0 || rule.vacuous === rule.judged)
    lines.push(...rule.absent.map((each) => paint(screen, 'yellow', visible(`  ${absentText(each)}`))))
  const samples = rule.samples.map((sample) => indented(signalText(sample, false, screen)))
  const more = rule.violated - rule.samples.length
  const rest = more > 0 && samples.length > 0 ? `  … and ${grouped(more)} more\n` : ''
  return `${lines.join('\n')}\n${samples.join('')}${rest}`
}

function outcomeText({ judged, violated, vacuous, inconclusive, blind, absent }: RuleReport): string {
  const share = judged === 0 ? '' : ` (${((100 * violated) / judged).toFixed(2)} %)`
  const idle = vacuous === 0 ? '' : `, vacuous on ${grouped(vacuous)}`
  const givenUp = inconclusive === 0 ? '' : `, given up on ${grouped(inconclusive)}`
  const word = blind > 0 && absent.length > 0 ? 'BLIND, ' : ''
  const unseen = blind === 0 ? '' : `, blind on ${grouped(blind)}`
  return `${word}${counted(violated, 'violation')}${violated === 0 ? '' : share} in ${counted(judged, 'trace')}${idle}${givenUp}${unseen}`
}

/** Violations over the range in at most `width` marks of whole hours each. */
function violationsOver(rule: RuleReport, { from, to }: ReplayReport, width: number) {
  const firstHour = Math.floor(Date.parse(from) / HOUR_MS)
  const hours = Math.ceil(Date.parse(to) / HOUR_MS) - firstHour
  const hoursEach = Math.ceil(hours / width)
  const counts: number[] = new Array(Math.ceil(hours / hoursEach)).fill(0)
  for (const { hour, violated } of rule.hours) {
    const mark = Math.floor((Math.floor(Date.parse(hour) / HOUR_MS) - firstHour) / hoursEach)
    counts[mark] = (counts[mark] ?? 0) + violated
  }
  return { counts, hoursEach }
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
