/** A place in a text: 0-based offset, 1-based line and column (in UTF-16 code units, as editors count). */
export interface SourcePosition {
  readonly offset: number
  readonly line: number
  readonly column: number
}

/** A stretch of a text; `end` is exclusive. */
export interface SourceRange {
  readonly start: SourcePosition
  readonly end: SourcePosition
}

/** One thing wrong with what somebody gave us: a stable code, a sentence, and an instruction that fixes it. */
export interface Problem<Code extends string = string> {
  readonly code: Code
  readonly message: string
  readonly hint?: string
  readonly range?: SourceRange
}

/** Bad input, thrown where the caller cannot go on; `code` is from the closed union of the stage that made it. */
export class InputError<Code extends string = string> extends Error {
  override readonly name = 'InputError'
  readonly code: Code
  readonly hint: string | undefined
  readonly range: SourceRange | undefined

  constructor(problem: Problem<Code>) {
    super(problem.message)
    this.code = problem.code
    this.hint = problem.hint
    this.range = problem.range
  }
}
