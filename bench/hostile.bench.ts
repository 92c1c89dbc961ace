import { type Attack, attacks, ordinary } from './hostile/attack.ts'
import { type CostOnLambda, costOnLambda } from './hostile/on-lambda.ts'
import { type CostOnServe, costOnServe } from './hostile/on-serve.ts'
import type { Figure, Size, Suite } from './suite.ts'
import type { Table } from './table.ts'

/** What one request may cost at most: the worst known bodies of the largest size allowed, against one of ordinary spans. */
export const suite: Suite = { name: 'hostile', cases: () => [], findings }

/** What one request may take: the main thread at a stretch, and memory. */
const MOST_MS = 200
const MOST_MEGABYTES = 200
/** The function has 1 GB and a share of a processor for 20 s. */
const MOST_LAMBDA_MEGABYTES = 700
const MOST_LAMBDA_MS = 5_000

interface Cost {
  readonly attack: string
  readonly serve: CostOnServe
  readonly lambda: CostOnLambda | undefined
}

async function findings(size: Size) {
  const usual = await costOf(ordinary(size))
  const costs: Cost[] = []
  for (const attack of attacks(size)) costs.push(await costOf(attack))
  return { figures: figuresOf(usual, costs), tables: { bodies: tableOf([usual, ...costs]) } }
}

async function costOf(attack: Attack): Promise<Cost> {
  return { attack: attack.name, serve: await costOnServe(attack), lambda: costOnLambda(attack) }
}

function figuresOf(usual: Cost, costs: readonly Cost[]): readonly Figure[] {
  const work = ({ serve }: Cost) => serve.taking.workMs
  const memory = ({ serve }: Cost) => serve.taking.bytes / 1e6
  const judgingWork = ({ serve }: Cost) => serve.judging.workMs
  const judgingMemory = ({ serve }: Cost) => serve.judging.bytes / 1e6
  const time = ({ lambda }: Cost) => lambda?.ms ?? 0
  const space = ({ lambda }: Cost) => (lambda?.bytes ?? 0) / 1e6
  const worst = (of: (cost: Cost) => number) => Math.max(...costs.map(of))
  const less = { better: 'less' } as const
  const times = (of: (cost: Cost) => number) => ({ value: worst(of) / of(usual), unit: 'times', ...less })
  return [
    { name: 'serve: longest work of the main thread', value: worst(work), unit: 'ms', atMost: MOST_MS, ...less },
    { name: 'serve: the same, against ordinary spans', ...times(work) },
    { name: 'serve: memory', value: worst(memory), unit: 'MB', atMost: MOST_MEGABYTES, ...less },
    { name: 'serve: the same, against ordinary spans of as many bytes', ...times(memory) },
    {
      name: 'serve, judging: longest work of the main thread',
      value: worst(judgingWork),
      unit: 'ms',
      atMost: MOST_MS,
      ...less,
    },
    { name: 'serve, judging: memory, threads among it', value: worst(judgingMemory), unit: 'MB', ...less },
    { name: 'serve, judging: the same, against ordinary spans of as many bytes', ...times(judgingMemory) },
    { name: 'ingest function: processor time', value: worst(time), unit: 'ms', atMost: MOST_LAMBDA_MS, ...less },
    { name: 'ingest function: memory', value: worst(space), unit: 'MB', atMost: MOST_LAMBDA_MEGABYTES, ...less },
  ]
}

function tableOf(costs: readonly Cost[]): Table {
  const megabytes = (bytes: number | undefined) => (bytes === undefined ? '' : `${Math.round(bytes / 1e6)} MB`)
  const rows = costs.map(({ attack, serve, lambda }) => [
    attack,
    String(serve.status),
    `${Math.round(serve.taking.workMs)} ms`,
    megabytes(serve.taking.bytes),
    `${Math.round(serve.judging.workMs)} ms`,
    megabytes(serve.judging.bytes),
    lambda === undefined ? 'too large' : `${Math.round(lambda.ms)} ms`,
    megabytes(lambda?.bytes),
  ])
  return {
    head: [
      'body',
      'answer',
      'main thread',
      'memory',
      'judging: thread',
      'judging: memory',
      'function: time',
      'function: memory',
    ],
    rows,
  }
}
