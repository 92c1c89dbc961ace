import { Random } from '../pipeline/model/random.ts'
import { shrink } from './shrink.ts'
import type { OpenTarget } from './target.ts'

/** An input on which a property does not hold. */
export interface Finding {
  /** Undefined for an input that was given. */
  readonly case: number | undefined
  readonly message: string
  readonly input: Uint8Array
  /** A smaller input that is wrong in the same way; the input itself where none is found. */
  readonly shrunken: Uint8Array
}

export interface Campaign {
  readonly seed: number
  readonly first: number
  readonly cases: number
  /** Stops at the next case once this says so. */
  readonly isOver: () => boolean
  /** Milliseconds that making a finding smaller may take. */
  readonly shrinkMs: number
  readonly onStart?: (index: number) => void
  readonly onFinding?: (finding: Finding) => void
}

export interface Outcome {
  readonly cases: number
  readonly findings: readonly Finding[]
  readonly worst: { readonly ms: number; readonly case: number }
}

/** Findings of one kind are reported once, and at most this many kinds. */
const MOST_FINDINGS = 10

/** Runs cases one after another: each depends on the seed and its own number alone. */
export async function fuzz(target: OpenTarget, campaign: Campaign): Promise<Outcome> {
  const { seed, first, cases, isOver, onStart, onFinding, shrinkMs } = campaign
  const findings: Finding[] = []
  const kinds = new Set<string>()
  let worst = { ms: 0, case: first }
  let index = first
  for (; index < first + cases && !isOver() && findings.length < MOST_FINDINGS; index++) {
    onStart?.(index)
    const input = inputOf(target, seed, index)
    const { ms, message } = await measured(target, input)
    if (ms > worst.ms) worst = { ms, case: index }
    if (message === undefined || kinds.has(kindOf(message))) continue
    kinds.add(kindOf(message))
    const shrunken = await shrink(input, shrinkMs, async (smaller) => {
      const { message: other } = await measured(target, smaller)
      return other !== undefined && kindOf(other) === kindOf(message)
    })
    const finding = { case: index, message, input, shrunken }
    findings.push(finding)
    onFinding?.(finding)
  }
  return { cases: index - first, findings, worst }
}

/** The input of one case. */
export function inputOf(target: OpenTarget, seed: number, index: number): Uint8Array {
  return target.generate(new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)))
}

/** The fault of an input, undefined without one. */
export async function problemWith(target: OpenTarget, input: Uint8Array): Promise<string | undefined> {
  return (await measured(target, input)).message
}

/** Runs that a case over its bound is given: what is slow because the machine is busy is not slow each time. */
const MOST_RUNS = 3

async function measured(target: OpenTarget, input: Uint8Array): Promise<{ ms: number; message: string | undefined }> {
  const { bounds } = target
  let over = ''
  let ms = 0
  for (let run = 0; run < MOST_RUNS; run++) {
    const memory = process.memoryUsage()
    const before = process.threadCpuUsage()
    try {
      await target.check(input)
    } catch (error) {
      return { ms, message: messageOf(error) }
    }
    const { user, system } = process.threadCpuUsage(before)
    ms = (user + system) / 1000
    const after = process.memoryUsage()
    const allocated = after.heapUsed - memory.heapUsed + after.arrayBuffers - memory.arrayBuffers
    if (ms > bounds.ms(input.length)) over = `took ${ms.toFixed(0)} ms for ${input.length} bytes`
    else if (allocated > bounds.allocatedBytes(input.length)) {
      over = `allocated ${allocated} bytes for an input of ${input.length}`
    } else return { ms, message: undefined }
  }
  return { ms, message: over }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`
  if (error.name === 'Violation') return error.message
  return `threw ${error.stack ?? error.message}`
}

/** What two findings of one cause have in common: their first line, but for numbers and quoted text. */
function kindOf(message: string): string {
  const [line = ''] = message.split('\n', 1)
  return line
    .replace(/"(?:\\.|[^"\\])*"/g, '""')
    .replace(/\d+/g, '0')
    .slice(0, 200)
}
