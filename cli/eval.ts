import { type Command, Option } from 'commander'
import { type SignalData, signalData } from '../shared/pipeline/signal.ts'
import { compileRules } from '../shared/rules/compile/compile.ts'
import type { CompiledRules } from '../shared/rules/compile/rule-set.ts'
import { judge } from '../shared/rules/judge/judge.ts'
import { counted, grouped, percent } from '../shared/text/numbers.ts'
import { assembleTrace } from '../shared/trace/assemble.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { loadRules } from './load-rules.ts'
import { createProgress } from './progress.ts'
import { readTraces } from './read-traces.ts'
import { separateRules } from './rule-files.ts'
import { signalText } from './signal-text.ts'
import { type ExitCode, type Terminal, write } from './terminal.ts'
import type { CollectedTraces } from './traces.ts'
import { fitTo } from './wrap.ts'

type Format = 'pretty' | 'jsonl'

interface EvalOptions {
  readonly rules: readonly string[]
  readonly format: Format
}

/** `betrace eval`: judges traces that lie in files. */
export function evalCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('eval', terminal)
    .summary('judge traces in files')
    .description('Judges the traces in files and lists a signal for each rule that one breaks.')
    .argument(
      '[file...]',
      'OTLP JSON, JSON lines, protobuf, files of a Collector; plain, gzip or zstd; - is standard input',
    )
    .requiredOption('-r, --rules <path...>', 'rule files, or folders of them')
    .addOption(
      new Option('-f, --format <format>', 'how to list signals').choices(['pretty', 'jsonl']).default('pretty'),
    )
    .action(async (files: readonly string[], options: EvalOptions) => {
      const { rulePaths, tracePaths } = await separateRules(options.rules)
      finish(await evaluate({ rulePaths, files: [...tracePaths, ...files], format: options.format }, terminal))
    })
  withExamples(command, terminal, [
    ['judge a recording', 'betrace eval --rules rules/ traces.jsonl.gz'],
    ['pick fields of each signal', "betrace eval -r rules/ -f jsonl traces.json | jq '{signal, traceId}'"],
    ['judge what another program writes', 'collect-traces | betrace eval --rules rules/ -'],
  ])
  return command.addHelpText(
    'after',
    '\nA trace may be spread over lines and files.\nExit code: 0 no signals, 1 signals, 2 bad input or a rule that does not compile (the rest is judged).',
  )
}

interface EvalInput {
  readonly rulePaths: readonly string[]
  readonly files: readonly string[]
  readonly format: Format
}

async function evaluate({ rulePaths, files, format }: EvalInput, terminal: Terminal): Promise<ExitCode> {
  const startedMs = performance.now()
  const { rules, problemCount } = await loadRules(rulePaths, terminal)
  const collected = await readTraces(files, terminal)
  const tally = await judgeAll(compileRules(rules), collected, format, terminal)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  await write(terminal.stderr, `${summary(rules.length, collected, tally)} in ${seconds} s\n`)
  if (problemCount > 0 || collected.problemCount > 0) return 2
  return tally.signals > 0 ? 1 : 0
}

interface Tally {
  signals: number
  shadowSignals: number
  incompleteTraces: number
  /** Rules whose judging was stopped on a trace. */
  inconclusive: number
  spans: number
}

async function judgeAll(
  rules: CompiledRules,
  { traces }: CollectedTraces,
  format: Format,
  terminal: Terminal,
): Promise<Tally> {
  const progress = createProgress(terminal.stderr, () => performance.now())
  const tally: Tally = { signals: 0, shadowSignals: 0, incompleteTraces: 0, inconclusive: 0, spans: 0 }
  for (const [index, { traceId, chunks }] of traces.entries()) {
    const trace = assembleTrace(traceId, chunks)
    tally.spans += trace.spans.length
    if (!trace.complete) tally.incompleteTraces++
    for (const verdict of judge(rules, trace)) {
      if (verdict.outcome === 'inconclusive') tally.inconclusive++
      if (verdict.outcome !== 'violated') continue
      const isShadow = verdict.rule.metadata.mode === 'shadow'
      if (isShadow) tally.shadowSignals++
      else tally.signals++
      progress.clear()
      await write(terminal.stdout, render(signalData(trace, verdict), isShadow, format, terminal))
    }
    progress.show(`judging${percent(index + 1, traces.length)}, ${counted(tally.signals, 'signal')}`)
  }
  progress.clear()
  return tally
}

function render(data: SignalData, isShadow: boolean, format: Format, terminal: Terminal): string {
  if (format === 'pretty') return fitTo(terminal.stdout, `${signalText(data, isShadow, terminal.stdout)}\n`)
  return `${JSON.stringify(isShadow ? { ...data, mode: 'shadow' } : data)}\n`
}

function summary(ruleCount: number, collected: CollectedTraces, tally: Tally): string {
  const { traces, spanCount, rejected } = collected
  const spans = [counted(tally.spans, 'span')]
  if (spanCount > tally.spans) spans.push(`${grouped(spanCount - tally.spans)} repeated`)
  for (const [reason, count] of rejected) spans.push(`${grouped(count)} rejected for ${reason.replaceAll('-', ' ')}`)
  const incomplete = tally.incompleteTraces === 0 ? '' : ` (${grouped(tally.incompleteTraces)} incomplete)`
  const shadow = tally.shadowSignals === 0 ? '' : ` (and ${grouped(tally.shadowSignals)} in shadow mode)`
  const judged = `${counted(ruleCount, 'rule')} on ${counted(traces.length, 'trace')}${incomplete}, ${spans.join(', ')}`
  const givenUp = tally.inconclusive === 0 ? '' : `, ${counted(tally.inconclusive, 'verdict')} inconclusive`
  return `${counted(tally.signals, 'signal')}${shadow}${givenUp}: ${judged}`
}
