import { type ExperimentVerdict, provesNothing, type RuleVerdict } from '../../shared/pipeline/experiment-verdict.ts'
import { absentText } from '../../shared/text/absent-text.ts'
import { counted } from '../../shared/text/numbers.ts'
import { conclusion, remarkOn, verdictLabel, verdictLines } from '../../shared/text/verdict-text.ts'
import { visible } from '../../shared/text/visible.ts'
import { paint, type Screen } from '../terminal.ts'
import { type Element, writeXml } from '../xml.ts'

export const VERDICT_FORMATS = ['pretty', 'json', 'junit', 'markdown'] as const
export type VerdictFormat = (typeof VERDICT_FORMATS)[number]

/** A verdict for people, programs, CI servers or a comment on a pull request. */
export function verdictReport(verdict: ExperimentVerdict, format: VerdictFormat, screen: Screen): string {
  switch (format) {
    case 'pretty':
      return `${verdictLines(verdict, (style, text) => paint(screen, style, text)).join('\n')}\n`
    case 'json':
      return `${JSON.stringify(verdict, null, 2)}\n`
    case 'junit':
      return junit(verdict)
    case 'markdown':
      return markdown(verdict)
  }
}

function junit(verdict: ExperimentVerdict): string {
  const { rules, failures } = verdict
  const live = rules.filter(({ shadow }) => !shadow)
  const totals = {
    tests: live.length + failures.length,
    failures: live.filter((rule) => rule.verdict === 'violated').length,
    errors: failures.length,
    skipped: live.filter(({ verdict }) => verdict !== 'held' && verdict !== 'violated').length,
    time: '0.000',
  }
  const name = nameOf(verdict)
  const children = [
    ...live.map((rule) => testCase(rule, name)),
    ...failures.map(({ key, reason }): Element => {
      const error = { name: 'error', attributes: { type: 'unreadable', message: reason } }
      return { name: 'testcase', attributes: { name: key, classname: name, time: '0.000' }, children: [error] }
    }),
  ]
  const suite = { name: 'testsuite', attributes: { name, ...totals, timestamp: verdict.from }, children }
  return writeXml({ name: 'testsuites', attributes: { name: 'betrace verify', ...totals }, children: [suite] })
}

function testCase(rule: RuleVerdict, classname: string): Element {
  const attributes = { name: rule.rule, classname, time: '0.000' }
  if (rule.verdict === 'held') return { name: 'testcase', attributes }
  const told: Element =
    rule.verdict === 'violated'
      ? {
          name: 'failure',
          attributes: {
            type: rule.severity,
            message: `broke in ${counted(rule.violated, 'trace')}, first at ${rule.first}`,
          },
          text: rule.samples.map(({ traceId, text }) => `trace ${visible(traceId)}\n${indented(text)}`).join('\n\n'),
        }
      : { name: 'skipped', attributes: { message: whyNothingProved(rule) } }
  return { name: 'testcase', attributes, children: [told] }
}

function whyNothingProved({ verdict, absent = [] }: RuleVerdict): string {
  const missing = absent.map(absentText).join('; ')
  switch (verdict) {
    case 'blind':
      return `blind: ${missing}`
    case 'inconclusive':
      return 'not judged to the end on some traces'
    default:
      return missing === '' ? 'no trace exercised it' : `no trace exercised it: ${missing}`
  }
}

/** Indents evidence, so that no line looks like the line that names the trace. */
function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function markdown(verdict: ExperimentVerdict): string {
  const { rules, traces, before, experiment } = verdict
  const window = `${inline(verdict.from)} to ${inline(verdict.to)}`
  const rows = rules.map((rule) => {
    const was =
      rule.before.exercised === 0 ? '-' : `${inline(rule.before.violated)} of ${inline(rule.before.exercised)}`
    const cells = [
      inline(verdictLabel(rule.verdict)),
      `${code(rule.rule)}${rule.shadow ? ' (shadow)' : ''}`,
      inline(rule.exercised),
      inline(rule.violated),
      was,
      inline(remarkOn(rule)),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const absent = rules
    .filter(provesNothing)
    .flatMap(({ rule, absent = [] }) => absent.map((each) => `- ${code(rule)}: ${code(absentText(each))}`))
  const samples = rules.flatMap(({ rule, samples }) => samples.map((sample) => sampleOf(rule, sample)))
  return [
    `### ${experiment === undefined ? window : `experiment ${inline(experiment.name)}`}`,
    '',
    `**${conclusion(verdict, (_, text) => text, inline)}**`,
    '',
    `${counted(traces, 'trace')} from ${window}; ${counted(before.traces, 'trace')} in as long before.`,
    '',
    '| verdict | rule | exercised | violated | before | change |',
    '| --- | --- | ---: | ---: | ---: | --- |',
    ...rows,
    '',
    ...(absent.length === 0 ? [] : [...absent, '']),
    ...samples,
  ].join('\n')
}

function sampleOf(rule: string, { traceId, service, text }: RuleVerdict['samples'][number]): string {
  const where = `${code(rule)} in trace ${code(traceId)}${service === '' ? '' : ` of ${inline(service)}`}`
  return `- ${where}:\n\n${indented(codeBlock(text))}\n`
}

/** A fenced block with all lines of a text. Its fence is longer than any run of backticks in the text, so no line ends it. */
function codeBlock(text: string): string {
  const lines = text.split('\n').map((line) => visible(line))
  const fence = '`'.repeat(Math.max(3, 1 + longestRun(text)))
  return [fence, ...lines, fence].join('\n')
}

/** Words, numbers and times: nothing that Markdown, or the page that shows it, makes a link, a mention or a picture of. */
const PLAIN = /^(?:[A-Za-z]+(?:[ _][A-Za-z]+)*|[\d:.TZ-]*)$/

/** A value of somebody else: as it is where it is plain, else as code. */
function inline(value: string | number): string {
  const text = String(value)
  return PLAIN.test(text) ? text : code(text)
}

/**
 * A code span, in which nothing is markup, between more backticks than it holds. A `|` would end the cell of a table
 * even here, so it is escaped as invisible characters are.
 */
function code(text: string): string {
  const shown = visible(text === '' ? '(empty)' : text).replaceAll('|', '\\u007c')
  const longest = longestRun(shown)
  const fence = '`'.repeat(1 + longest)
  const gap = longest > 0 ? ' ' : ''
  return `${fence}${gap}${shown}${gap}${fence}`
}

/** How many backticks follow one another at most. */
function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}

function nameOf({ experiment, from, to }: ExperimentVerdict): string {
  return experiment === undefined ? `${from} to ${to}` : `experiment ${experiment.name}`
}
