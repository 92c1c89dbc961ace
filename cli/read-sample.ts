import { stat } from 'node:fs/promises'
import { noteRows } from '../shared/archive/catalogue-of-rows.ts'
import { traceRows } from '../shared/archive/trace-record.ts'
import { type Catalogue, SAMPLE_LIMITS } from '../shared/catalogue/catalogue.ts'
import { addCatalogue, type GrowingCatalogue, newCatalogue } from '../shared/catalogue/grow.ts'
import { counted } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { type ArchivePlace, readLastDay } from './archived-catalogue.ts'
import { CommandError } from './command-error.ts'
import { readTraces } from './read-traces.ts'
import type { Terminal } from './terminal.ts'

/** Files of traces and data folders, and a deployed stack. */
export interface SampleSource {
  readonly paths: readonly string[]
  readonly stack: string | undefined
}

/**
 * What the spans of recorded traces, and of the last day of archives, look like. Throws a CommandError where a part cannot
 * be read, for that would make good names look unknown, and where there are no spans.
 */
export async function readSample({ paths, stack }: SampleSource, terminal: Terminal): Promise<Catalogue> {
  const sample = newCatalogue(SAMPLE_LIMITS)
  const isFolder = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      ),
    ),
  )
  const files = paths.filter((_, index) => !isFolder[index])
  if (files.length > 0) await addFiles(sample, files, terminal)
  for (const data of paths.filter((_, index) => isFolder[index])) await addArchive(sample, { data }, terminal)
  if (stack !== undefined) await addArchive(sample, { stack }, terminal)
  if (sample.names.size > 0) return sample
  throw new CommandError('the sample holds no spans', 'name a file of recorded traces, or the data folder of a server')
}

async function addFiles(sample: GrowingCatalogue, files: readonly string[], terminal: Terminal): Promise<void> {
  const { traces, problemCount } = await readTraces(files, terminal)
  if (problemCount > 0) throw notWhole('correct the file, or leave it out')
  for (const { chunks } of traces) noteRows(sample, traceRows(chunks))
}

/** Says on stderr which hours the sample is of. */
async function addArchive(sample: GrowingCatalogue, place: ArchivePlace, terminal: Terminal): Promise<void> {
  const { catalogue, hours, failures } = await readLastDay(place, Date.now(), terminal)
  if (failures.length > 0) throw notWhole('see what the runbook says of a damaged archive')
  addCatalogue(sample, catalogue)
  const [firstMs] = hours
  if (firstMs === undefined) return
  const spans = [...catalogue.names.values()].reduce((sum, seen) => sum + seen.spans, 0)
  const held = `${counted(spans, 'span')} of ${counted(catalogue.names.size, 'name')}`
  const where = visible('stack' in place ? place.stack : place.data)
  const when = `${counted(hours.length, 'hour')} since ${new Date(firstMs).toISOString()}`
  terminal.stderr.write(`the sample is ${held}, archived in ${where} in ${when}\n`)
}

function notWhole(hint: string): CommandError {
  return new CommandError('the sample could not be read whole', hint)
}
