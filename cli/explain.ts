import type { Command } from 'commander'
import { compileRules } from '../shared/rules/compile/compile.ts'
import { explain } from '../shared/rules/evidence/explain.ts'
import { renderEvidence } from '../shared/rules/evidence/render.ts'
import { judge } from '../shared/rules/judge/judge.ts'
import type { Outcome, Verdict } from '../shared/rules/judge/verdict.ts'
import { counted } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { assembleTrace } from '../shared/trace/assemble.ts'
import { lastEndOf } from '../shared/trace/last-end.ts'
import type { Trace } from '../shared/trace/span.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { loadRules } from './load-rules.ts'
import { readTraces } from './read-traces.ts'
import { separateRules } from './rule-files.ts'
import { type ExitCode, paint, type Screen, type Terminal, widthOf, write } from './terminal.ts'
import { type CollectedTrace, tracesNamed } from './traces.ts'
import { drawWaterfall } from './waterfall/draw.ts'
import { witnessesOf } from './waterfall/witnesses.ts'
import { fitTo } from './wrap.ts'

interface ExplainOptions {
  readonly rules: readonly string[]
  readonly trace: string
}

/** `betrace explain`: says of one trace what every rule found, and why. */
export function explainCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('explain', terminal)
    .summary('say why rules hold or break on one trace')
    .description(
      'Draws one trace and shows the verdict of every rule on it, clause by clause, with the spans that decided it.\n► marks the spans that broke a rule, by the number of the rule, ~ those that came near to what it asks for.',
    )
    .argument(
      '[file...]',
      'OTLP JSON, JSON lines, protobuf, files of a Collector; plain, gzip or zstd; - is standard input',
    )
    .requiredOption('-r, --rules <path...>', 'rule files, or folders of them')
    .requiredOption('-t, --trace <id>', 'trace id in hex, or how it begins')
    .action(async (files: readonly string[], options: ExplainOptions) => {
      const { rulePaths, tracePaths } = await separateRules(options.rules)
      finish(await explainTrace(rulePaths, options.trace, [...tracePaths, ...files], terminal))
    })
  withExamples(command, terminal, [
    ['ask why a rule fired, or did not', 'betrace explain --rules rules/ --trace 4376effc traces.jsonl.gz'],
  ])
  return command.addHelpText(
    'after',
    '\nExit code: 0 explained, 2 no such trace, bad input or a rule that does not compile.',
  )
}

async function explainTrace(
  rulePaths: readonly string[],
  traceId: string,
  files: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const { rules, problemCount } = await loadRules(rulePaths, terminal)
  const collected = await readTraces(files, terminal)
  const { traceId: found, chunks } = findTrace(traceId, collected.traces)
  const trace = assembleTrace(found, chunks)
  const set = compileRules(rules)
  const witnesses = witnessesOf(trace, judge(set, trace))
  await write(terminal.stdout, `${traceLine(trace, terminal.stdout)}\n\n`)
  await write(terminal.stdout, waterfallText(trace, witnesses.marks, terminal.stdout))
  for (const verdict of explain(set, trace)) {
    const mark = witnesses.signs.get(verdict.rule)
    await write(terminal.stdout, fitTo(terminal.stdout, `\n${verdictText(verdict, trace, mark, terminal.stdout)}`))
  }
  return problemCount > 0 || collected.problemCount > 0 ? 2 : 0
}

function findTrace(wanted: string, traces: readonly CollectedTrace[]): CollectedTrace {
  const found = tracesNamed(wanted, traces)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const examples = (found.length > 0 ? found : traces).slice(0, 3).map((trace) => trace.traceId)
  if (found.length > 1) {
    throw new CommandError(`${counted(found.length, 'trace')} begin with ${wanted}`, `such as ${examples.join(', ')}`)
  }
  const held = `the files hold ${counted(traces.length, 'trace')}`
  throw new CommandError(`no trace ${wanted}`, traces.length === 0 ? held : `${held}, such as ${examples.join(', ')}`)
}

function traceLine(trace: Trace, screen: Screen): string {
  const services = new Set(trace.spans.map((span) => span.resource.get('service.name')))
  const facts = [counted(trace.spans.length, 'span'), counted(services.size, 'service')]
  const root = trace.spans.find((span) => span.parentSpanId === '')
  if (root !== undefined) facts.unshift(visible(root.name))
  if (trace.truncated) facts.push('truncated: judged on part of its spans')
  else if (!trace.complete) facts.push('incomplete: a root or a parent is missing')
  return `${paint(screen, 'bold', `trace ${trace.traceId}`)} ${paint(screen, 'dim', facts.join(' · '))}`
}

const OUTCOMES: Readonly<Record<Outcome, { readonly sign: string; readonly style: 'red' | 'green' | 'dim' }>> = {
  violated: { sign: '✗', style: 'red' },
  satisfied: { sign: '✓', style: 'green' },
  vacuous: { sign: '○', style: 'dim' },
  inconclusive: { sign: '?', style: 'red' },
}

const PART_STYLES = { witness: 'bold', error: 'red', dim: 'dim' } as const

function waterfallText(trace: Trace, marks: ReadonlyMap<number, string>, screen: Screen): string {
  const lines = drawWaterfall(trace, marks, widthOf(screen), (part, text) => paint(screen, PART_STYLES[part], text))
  return lines.map((line) => `${line}\n`).join('')
}

/** `mark`: the sign its witnesses have in the drawing. */
function verdictText(verdict: Verdict, trace: Trace, mark: string | undefined, screen: Screen): string {
  const { rule, outcome, evidence } = verdict
  const { sign, style } = OUTCOMES[outcome]
  const mode = rule.metadata.mode === 'shadow' ? ', shadow' : ''
  const head = `${paint(screen, style, `${sign} ${outcome}`)} ${paint(screen, 'bold', visible(rule.name))} (${rule.severity}${mode})${mark === undefined ? '' : ` ${mark}`}`
  const lines = evidence === undefined ? [] : renderEvidence(evidence)
  const wait = waitText(verdict, trace)
  return [head, ...(wait === undefined ? [] : [`  ${wait}`]), ...lines.map((line) => `  ${line}`)]
    .map((line) => `${line}\n`)
    .join('')
}

/** How long a server keeps the violation back. */
function waitText({ rule, outcome, openUntilNanos }: Verdict, trace: Trace): string | undefined {
  if (outcome !== 'violated') return undefined
  const last = lastEndOf(trace)
  const openMs = openUntilNanos === undefined ? 0 : Number((openUntilNanos - last) / 1_000_000n)
  const waits = [
    ...(openMs > 0 ? [`${openMs / 1000} s, since a span may still end this violation`] : []),
    ...(rule.metadata.waitMs === undefined ? [] : [`${rule.metadata.waitMs / 1000} s, as the rule says`]),
  ]
  return waits.length === 0 ? undefined : `waits after the last span: ${waits.join('; ')}`
}
