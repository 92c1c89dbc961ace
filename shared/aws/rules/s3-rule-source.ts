import type { Clock, Log, RuleSet, RuleSource } from '../../pipeline/ports.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import { differenceText, rulesDifference } from '../../rules/check/last-good.ts'
import {
  type Pointer,
  type RulesBucket,
  readPointer,
  readPointerIfChanged,
  readSetFiles,
  type StoredRuleFile,
} from './rule-sets.ts'

/** A switch must be in force within a minute everywhere. */
const REVALIDATE_MS = 30_000
/** S3 could not be asked: the rules we have stay in force, and we ask again soon. */
const ASK_AGAIN_MS = 5_000
const LOGGED_PROBLEMS = 20

/** What the rule source needs besides its bucket. */
export interface RuleLoading {
  /** Never throws: what does not compile is among the set's problems. */
  readonly compile: (files: readonly StoredRuleFile[]) => RuleSet
  readonly clock: Clock
  readonly log: Log
  /** Called when the bucket could not be asked and older rules stay in force. */
  readonly onStale: () => void
}

interface Loaded extends Pointer {
  readonly set: RuleSet
}

/** The rules in force according to the bucket's pointer, asked for (by its ETag) every half minute at most. */
export class S3RuleSource implements RuleSource {
  private readonly bucket: RulesBucket
  private readonly loading: RuleLoading
  private loaded: Loaded | undefined
  private freshUntilMs = 0
  private asking: Promise<RuleSet> | undefined

  constructor(bucket: RulesBucket, loading: RuleLoading) {
    this.bucket = bucket
    this.loading = loading
  }

  /** Rules of the set in force that could not be loaded; 0 before the first set. */
  get rejected(): number {
    return this.loaded?.set.rejected ?? 0
  }

  async current(): Promise<RuleSet> {
    if (this.loaded !== undefined && this.loading.clock() < this.freshUntilMs) return this.loaded.set
    this.asking ??= this.revalidate().finally(() => {
      this.asking = undefined
    })
    return this.asking
  }

  private async revalidate(): Promise<RuleSet> {
    const before = this.loaded
    try {
      const loaded = await this.load(before)
      this.loaded = loaded
      this.freshUntilMs = this.loading.clock() + REVALIDATE_MS
      return loaded.set
    } catch (failure) {
      if (before === undefined) throw failure
      this.loading.log('error', 'rules not revalidated, those loaded stay in force', {
        set: before.id,
        reason: String(failure),
      })
      this.loading.onStale()
      this.freshUntilMs = this.loading.clock() + ASK_AGAIN_MS
      return before.set
    }
  }

  private async load(before: Loaded | undefined): Promise<Loaded> {
    if (before === undefined) return this.compiled(await readPointer(this.bucket), [])
    const pointer = await readPointerIfChanged(this.bucket, before.etag)
    if (pointer === undefined) return before
    return pointer.id === before.id ? { ...before, etag: pointer.etag } : this.compiled(pointer, before.set.rules)
  }

  private async compiled(pointer: Pointer, before: readonly CheckedRule[]): Promise<Loaded> {
    const set = this.loading.compile(await readSetFiles(this.bucket, pointer.id))
    const { rules, problems, more } = set
    const count = problems.length + more.count
    const changes = before.length === 0 ? undefined : differenceText(rulesDifference(before, rules, []))
    this.loading.log('info', 'rules loaded', {
      set: pointer.id,
      rules: rules.length,
      problems: count,
      ...(changes !== undefined && { changes }),
    })
    logProblems(this.loading.log, set)
    return { ...pointer, set }
  }
}

/** The first few of what is wrong with the rules, for whoever reads the log after the alarm. */
function logProblems(log: Log, { problems }: RuleSet): void {
  for (const { file, code, message, range } of problems.slice(0, LOGGED_PROBLEMS)) {
    log('warn', 'rule problem', { file, code, problem: message, line: range?.start.line ?? 0 })
  }
}
