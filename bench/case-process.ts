import type { Answer, Question } from './own-process.ts'
import { cpuMs, settle } from './processor-time.ts'
import { type Effort, lastKept, runHere } from './runner.ts'
import type { Size, Suite } from './suite.ts'

/* A process that runs one case of a suite on request, and answers with the time it took; see own-process.ts. */

interface Task {
  readonly suite: string
  readonly case: string
  readonly effort: Effort
  readonly size: Size
}

const task = JSON.parse(process.argv[2] ?? '{}') as Task
const { suite } = (await import(`./${task.suite}.bench.ts`)) as { readonly suite: Suite }
const chosen = (await suite.cases(task.size)).find(({ name }) => name === task.case)
if (chosen === undefined) throw new Error(`the suite ${task.suite} has no case "${task.case}"`)
const runner = runHere(chosen, task.effort, cpuMs, settle)

process.on('message', async (question: Question) => {
  const answer = await (question === 'warmUp' ? runner.warmUp().then(() => 0) : runner.round()).then(
    (nanos): Answer => ({ nanos }),
    (error: Error): Answer => ({ failed: error.message }),
  )
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(lastKept() === undefined ? 1 : 0))
