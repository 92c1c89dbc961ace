import { readdirSync, readFileSync } from 'node:fs'
import { collectTraces } from '../../cli/traces.ts'
import type { Random } from '../pipeline/model/random.ts'
import { mutatedBytes } from './mutate-bytes.ts'
import { type OpenTarget, type Target, violate } from './target.ts'

/** Files of traces that a crash, a full disk or a stranger left. */
export const exported: Target = {
  name: 'exported',
  about: 'damaged files of traces, as a Collector writes them: read past damage, nothing lost without a word',
  open: async () => openExported(),
}

const FOLDER = new URL('../cli/file-exporter/', import.meta.url)

function openExported(): OpenTarget {
  const whole = readdirSync(FOLDER)
    .filter((name) => !name.endsWith('.md'))
    .map((name) => readFileSync(new URL(name, FOLDER)))
  return {
    generate: (random) => generate(random, whole),
    check,
    bounds: { ms: (bytes) => 2_000 + bytes / 10, allocatedBytes: () => 256 * 1024 * 1024 },
  }
}

function generate(random: Random, whole: readonly Buffer[]): Uint8Array {
  const file = random.pick(whole)
  if (random.chance(0.2)) return file.subarray(0, random.between(0, file.length))
  if (random.chance(0.2)) return Buffer.concat([file, random.pick(whole)])
  return mutatedBytes(random, file, whole)
}

/** Every file holds six spans of three traces: fewer are read only where something is said to be wrong. */
async function check(input: Uint8Array): Promise<void> {
  const problems: string[] = []
  async function* chunks() {
    for (let at = 0; at < input.length; at += 100) yield input.subarray(at, at + 100)
  }
  const { spanCount, problemCount } = await collectTraces({
    files: ['-'],
    open: async () => ({ size: input.length, chunks: chunks() }),
    onProblem: (problem) => problems.push(problem),
    onProgress: () => {},
  })
  if (problems.length !== problemCount) violate('a problem was counted and not told, or told and not counted')
  if (problems.some((problem) => !problem.startsWith('<stdin>'))) violate(`a problem without its place: ${problems}`)
  if (spanCount === 0 && problemCount === 0 && input.length > 1_000) violate('a file without a span is read in silence')
}
