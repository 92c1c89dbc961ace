import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Finding, inputOf } from './fuzz.ts'
import type { Target } from './target.ts'
import { TARGETS } from './targets.ts'
import { runInThread, type ThreadOutcome } from './thread.ts'

const HELP = `Usage: npm run fuzz -- [TARGET…] [options]

Feeds random and damaged input to what reads the input of strangers, and checks what must hold of each case.

Targets (all of them where none is named):
${TARGETS.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n')}

Options:
  --seconds N   time for each target (10 where neither is given)
  --cases N     cases of each target
  --seed S      another seed, other cases (1)
  --case I      only this case of the seed
  --input FILE  only this input
  --out FOLDER  where inputs of findings are saved (fuzz-findings)

Examples:
  npm run fuzz -- grammar --seconds 300              a long look at the language
  npm run fuzz -- --cases 2000 --seed 7              each target, the same cases every time
  npm run fuzz -- otlp-json --seed 7 --case 1234     one case again
  npm run fuzz -- parquet --input fuzz-findings/parquet-7-12.bin

Exit code: 0 nothing found, 1 found something, 2 bad arguments.
`

interface Options {
  readonly targets: readonly Target[]
  readonly seconds: number
  readonly cases: number
  readonly first: number
  readonly seed: number
  readonly input: string | undefined
  readonly out: string
}

// A thread that spins without end would keep the process.
process.exit(await main())

async function main(): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}; see npm run fuzz -- --help\n`)
    return 2
  }
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  let found = 0
  for (const target of options.targets) found += await run(target, options)
  return found > 0 ? 1 : 0
}

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: text,
      cases: text,
      seed: text,
      case: text,
      input: text,
      out: text,
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return undefined
  const targets = positionals.map((name) => {
    const target = TARGETS.find((each) => each.name === name)
    if (target === undefined) throw new Error(`there is no target ${name}`)
    return target
  })
  const one = values.case === undefined ? undefined : count('case', values.case)
  const seconds = values.seconds === undefined ? undefined : count('seconds', values.seconds)
  const cases = values.cases === undefined ? undefined : count('cases', values.cases)
  if ((one !== undefined || values.input !== undefined) && targets.length !== 1) throw new Error('name the one target')
  return {
    targets: targets.length === 0 ? TARGETS : targets,
    seconds: one !== undefined || cases !== undefined ? Number.POSITIVE_INFINITY : (seconds ?? 10),
    cases: one === undefined ? (cases ?? Number.MAX_SAFE_INTEGER) : 1,
    first: one ?? 0,
    seed: values.seed === undefined ? 1 : count('seed', values.seed),
    input: values.input,
    out: values.out ?? 'fuzz-findings',
  }
}

function count(name: string, written: string): number {
  if (!/^\d{1,12}$/.test(written)) throw new Error(`--${name} is a whole number`)
  return Number(written)
}

async function run(target: Target, options: Options): Promise<number> {
  const { seed, first, cases, seconds, input } = options
  const startMs = performance.now()
  process.stdout.write(`${target.name}  seed ${seed}\n`)
  const outcome = await runInThread({
    target: target.name,
    seed,
    first,
    cases,
    seconds,
    input: input === undefined ? undefined : readFileSync(input),
    onProgress: (done, found) => showProgress(target, done, found, startMs),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
  for (const finding of await withInputs(target, outcome, seed)) tell(target, finding, options)
  process.stdout.write(`  ${summary(outcome, performance.now() - startMs)}\n`)
  return outcome.findings.length + (outcome.death === undefined ? 0 : 1)
}

/** A thread that hangs or dies leaves no input behind, but the case is known. */
async function withInputs(
  target: Target,
  { findings, death }: ThreadOutcome,
  seed: number,
): Promise<readonly Finding[]> {
  if (death === undefined) return findings
  const opened = await target.open()
  const input = death.case === undefined ? new Uint8Array(0) : inputOf(opened, seed, death.case)
  await opened.close?.()
  return [...findings, { case: death.case, message: death.message, input, shrunken: input }]
}

function showProgress({ name }: Target, done: number, found: number, startMs: number): void {
  if (!process.stderr.isTTY) return
  const seconds = Math.round((performance.now() - startMs) / 1000)
  process.stderr.write(`\r\u001B[K  ${name}: ${done} cases, ${found} findings, ${seconds} s`)
}

function tell({ name }: Target, finding: Finding, { seed, out }: Options): void {
  mkdirSync(out, { recursive: true })
  const file = join(out, `${name}-${seed}-${finding.case ?? 'input'}.bin`)
  writeFileSync(file, finding.shrunken)
  const again = finding.case === undefined ? `--input ${file}` : `--seed ${seed} --case ${finding.case}`
  process.stdout.write(`
  ✗ ${finding.message.replaceAll('\n', '\n    ')}
    input: ${finding.shrunken.length} of ${finding.input.length} bytes, ${file}
           ${JSON.stringify(Buffer.from(finding.shrunken).toString('latin1')).slice(0, 200)}
    again: npm run fuzz -- ${name} ${again}

`)
}

function summary({ cases, worst, findings, death, peakRssBytes }: ThreadOutcome, ms: number): string {
  const found = findings.length + (death === undefined ? 0 : 1)
  const rate = Math.round(cases / (ms / 1000))
  const memory = Math.round(peakRssBytes / 1024 ** 2)
  const slowest = worst === undefined ? '' : `, worst ${worst.ms.toFixed(0)} ms (case ${worst.case})`
  return `${found === 0 ? '✓' : '✗'} ${cases} cases in ${(ms / 1000).toFixed(0)} s, ${rate}/s${slowest}, at most ${memory} MB: ${found} findings`
}
