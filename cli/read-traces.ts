import { counted, percent } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { CommandError } from './command-error.ts'
import { createProgress } from './progress.ts'
import { paint, type Terminal } from './terminal.ts'
import { namedTraces } from './trace-files.ts'
import { type CollectedTraces, collectTraces } from './traces.ts'

/** Collects the traces of files named on the command line; problems and progress go to stderr. */
export async function readTraces(files: readonly string[], terminal: Terminal): Promise<CollectedTraces> {
  if (files.length === 0) throw new CommandError('missing trace files', 'name at least one, or - for standard input')
  if (files.filter((file) => file === '-').length > 1)
    throw new CommandError('standard input (-) can be read only once')
  const progress = createProgress(terminal.stderr, () => performance.now())
  const collected = await collectTraces({
    files,
    open: namedTraces(terminal.stdin),
    onProblem: (problem) => {
      progress.clear()
      terminal.stderr.write(`${paint(terminal.stderr, 'red', 'betrace:')} ${visible(problem)}\n`)
    },
    onProgress: (file, bytesRead, size, spanCount) =>
      progress.show(`reading ${file}${percent(bytesRead, size)}, ${counted(spanCount, 'span')}`),
  })
  progress.clear()
  return collected
}
