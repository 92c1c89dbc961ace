import { type Attack, attacks, ordinary } from './hostile/attack.ts'
import { type CostOnLambda, costOnLambda } from './hostile/on-lambda.ts'
import { type CostOnServe, costOnServe } from './hostile/on-serve.ts'
import type { Figure, Size, Suite } from './suite.ts'
import type { Table } from './table.ts'

/** What one request may cost at most: the worst known bodies of the largest size allowed, against one of ordinary spans. */
export const suite: Suite = { name: 'hostile', cases: () => [], findings }

/** What others may have to wait for one request, and the memory it may take. */
const MOST_MS = 200
const MOST_MEGABYTES = 200
/** The function has 1 GB and a share of a processor for 20 s. */
const MOST_LAMBDA_MEGABYTES = 700
const MOST_LAMBDA_MS = 5_000

/** A machine that does something else only lengthens a stall: what seems long is measured again, and the least counts. */
const SUSPECT_MS = 100
const ATTEMPTS = 3

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
  let serve = await costOnServe(attack)
  for (let attempt = 1; attempt < ATTEMPTS && serve.stallMs > SUSPECT_MS; attempt++) {
    const again = await costOnServe(attack)
    serve = { ...again, stallMs: Math.min(serve.stallMs, again.stallMs), bytes: Math.max(serve.bytes, again.bytes) }
  }
  return { attack: attack.name, serve, lambda: costOnLambda(attack) }
}

function figuresOf(usual: Cost, costs: readonly Cost[]): readonly Figure[] {
  const stall = ({ serve }: Cost) => serve.stallMs
  const memory = ({ serve }: Cost) => serve.bytes / 1e6
  const time = ({ lambda }: Cost) => lambda?.ms ?? 0
  const space = ({ lambda }: Cost) => (lambda?.bytes ?? 0) / 1e6
  const worst = (of: (cost: Cost) => number) => Math.max(...costs.map(of))
  const less = { better: 'less' } as const
  const times = (of: (cost: Cost) => number) => ({ value: worst(of) / of(usual), unit: 'times', ...less })
  return [
    { name: 'serve: the longest others wait', value: worst(stall), unit: 'ms', atMost: MOST_MS, ...less },
    { name: 'serve: the same, against ordinary spans', ...times(stall) },
    { name: 'serve: memory', value: worst(memory), unit: 'MB', atMost: MOST_MEGABYTES, ...less },
    { name: 'serve: the same, against ordinary spans of as many bytes', ...times(memory) },
    { name: 'ingest function: processor time', value: worst(time), unit: 'ms', atMost: MOST_LAMBDA_MS, ...less },
    { name: 'ingest function: memory', value: worst(space), unit: 'MB', atMost: MOST_LAMBDA_MEGABYTES, ...less },
  ]
}

function tableOf(costs: readonly Cost[]): Table {
  const megabytes = (bytes: number | undefined) => (bytes === undefined ? '' : `${Math.round(bytes / 1e6)} MB`)
  const rows = costs.map(({ attack, serve, lambda }) => [
    attack,
    String(serve.status),
    `${Math.round(serve.stallMs)} ms`,
    megabytes(serve.bytes),
    lambda === undefined ? 'too large' : `${Math.round(lambda.ms)} ms`,
    megabytes(lambda?.bytes),
  ])
  return { head: ['body', 'answer', 'others wait', 'memory', 'function: time', 'function: memory'], rows }
}
