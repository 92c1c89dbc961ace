import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Running } from './measure.ts'
import type { Effort, Runner } from './runner.ts'
import type { Case, Size, Suite } from './suite.ts'

/** What a process is asked, and what it answers. */
export type Question = 'warmUp' | 'round'
export type Answer = { readonly nanos: number } | { readonly failed: string }

/** Cases that have to be measured together: each with its baseline, and what else has that baseline. */
export function groupsOf(cases: readonly Case[]): readonly (readonly Case[])[] {
  const byBaseline = Map.groupBy(cases, (each) => {
    let root = each
    for (let depth = 0; depth < cases.length; depth++) {
      const next = cases.find(({ name }) => name === root.against?.baseline)
      if (next === undefined) break
      root = next
    }
    return root.name
  })
  return [...byBaseline.values()]
}

/** Runs `work` with a process for each of the cases, which ends with it. */
export async function withOwnProcesses<Result>(
  { name: suite }: Suite,
  cases: readonly Case[],
  effort: Effort,
  size: Size,
  work: (running: readonly Running[]) => Promise<Result>,
): Promise<Result> {
  const module = fileURLToPath(new URL('case-process.ts', import.meta.url))
  const started = cases.map((of) => {
    const child = fork(module, [JSON.stringify({ suite, case: of.name, effort, size })])
    return { of, child, runner: runnerIn(child, of.name) }
  })
  try {
    return await work(started)
  } finally {
    for (const { child } of started) child.kill()
  }
}

function runnerIn(child: ChildProcess, name: string): Runner {
  let waiting: PromiseWithResolvers<number> | undefined
  child.on('message', (answer: Answer) => {
    if ('failed' in answer) waiting?.reject(new Error(`${name}: ${answer.failed}`))
    else waiting?.resolve(answer.nanos)
  })
  child.on('exit', (code) => waiting?.reject(new Error(`${name}: its process ended with ${code}`)))
  const ask = (question: Question): Promise<number> => {
    waiting = Promise.withResolvers<number>()
    child.send(question)
    return waiting.promise
  }
  return {
    warmUp: async () => {
      await ask('warmUp')
    },
    round: () => ask('round'),
  }
}
