import { verdictLines } from '../../shared/experiments/verdict-text.ts'
import type { ExperimentVerdict, RuleVerdict } from '../../shared/pipeline/experiment-verdict.ts'
import { paint, type Screen } from '../terminal.ts'
import { counted } from '../text.ts'
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
    failures: live.filter((rule) => rule.verdict === 'VIOLATED').length,
    errors: failures.length,
    skipped: live.filter((rule) => rule.verdict === 'NOT EXERCISED').length,
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
  if (rule.verdict === 'HELD') return { name: 'testcase', attributes }
  const told: Element =
    rule.verdict === 'VIOLATED'
      ? {
          name: 'failure',
          attributes: {
            type: rule.severity,
            message: `broke in ${counted(rule.violated, 'trace')}, first at ${rule.first}`,
          },
          text: rule.samples.map(({ traceId, text }) => `trace ${traceId}\n${text}`).join('\n\n'),
        }
      : { name: 'skipped', attributes: { message: 'no trace exercised it' } }
  return { name: 'testcase', attributes, children: [told] }
}

function markdown(verdict: ExperimentVerdict): string {
  const { rules, traces, before, from, to } = verdict
  const [conclusion = ''] = verdictLines(verdict, (_, text) => text).slice(-1)
  const rows = rules.map((rule) => {
    const was = rule.before.exercised === 0 ? '-' : `${rule.before.violated} of ${rule.before.exercised}`
    const cells = [
      rule.verdict,
      `\`${rule.rule}\`${rule.shadow ? ' (shadow)' : ''}`,
      rule.exercised,
      rule.violated,
      was,
      rule.change ?? '',
    ]
    return `| ${cells.join(' | ')} |`
  })
  const samples = rules.flatMap(({ rule, samples }) => samples.map((sample) => sampleOf(rule, sample)))
  return [
    `### ${cell(nameOf(verdict))}`,
    '',
    `**${conclusion}**`,
    '',
    `${counted(traces, 'trace')} from ${from} to ${to}; ${counted(before.traces, 'trace')} in as long before.`,
    '',
    '| verdict | rule | exercised | violated | before | change |',
    '| --- | --- | ---: | ---: | ---: | --- |',
    ...rows,
    ...(samples.length === 0 ? [] : ['', ...samples]),
    '',
  ].join('\n')
}

function sampleOf(rule: string, { traceId, service, text }: RuleVerdict['samples'][number]): string {
  const [first = ''] = text.split('\n')
  return `- \`${rule}\` in trace \`${traceId}\`${service === '' ? '' : ` of ${cell(service)}`}: ${cell(first)}`
}

/** Text of spans and people, which must not become markup. */
function cell(text: string): string {
  return text.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\p{Cc}/gu, ' ')
}

function nameOf({ experiment, from, to }: ExperimentVerdict): string {
  return experiment === undefined ? `${from} to ${to}` : `experiment ${experiment.name}`
}
