import type { SourceRange } from '../../errors.ts'
import type { RuleMetadata, Severity } from '../ast.ts'
import type { TextProblem } from '../problem.ts'
import { readPack } from './pack.ts'
import { parseBody } from './parse.ts'
import type { ReadFile, ReadRule } from './rule-file.ts'

/** A YAML pack as plain data, for readers that have no YAML: its parser is an eighth of a deployed evaluator. */
export interface PlainPack {
  readonly rules: readonly PlainRule[]
  /** Those that belong to no rule. */
  readonly problems: readonly TextProblem[]
}

interface PlainRule {
  readonly name?: string | undefined
  readonly nameRange: SourceRange
  /** Undefined where the rule has problems. */
  readonly rule?: PlainBody | undefined
  readonly problems: readonly TextProblem[]
}

interface PlainBody {
  readonly severity: Severity
  readonly metadata: RuleMetadata
  readonly condition: string
  /** The place of the rule in the YAML. */
  readonly range: SourceRange
}

/** Reads YAML into plain data; what is wrong with it is kept, for `readPlainPack` to report. */
export function plainPack(text: string): PlainPack {
  const { rules, problems } = readPack(text)
  return { rules: rules.map(plainRule), problems }
}

function plainRule({ name, nameRange, rule, problems }: ReadRule): PlainRule {
  if (rule === undefined || problems.length > 0) return { name, nameRange, problems }
  const { severity, metadata, text: condition, range } = rule
  return { name, nameRange, rule: { severity, metadata, condition, range }, problems }
}

/** The rules that `readPack` found in the YAML, the same in all but places: everything inside a rule has the place where the rule begins. */
export function readPlainPack({ rules, problems }: PlainPack): ReadFile {
  return { rules: rules.map(readPlainRule), problems, defined: [] }
}

function readPlainRule({ name, nameRange, rule: plain, problems }: PlainRule): ReadRule {
  if (plain === undefined) return { name, nameRange, rule: undefined, conditions: [], problems }
  const { severity, metadata, condition, range } = plain
  const parsed = parseBody(condition, () => range.start)
  const { body, definitions } = parsed
  const rule = body && { name: name ?? 'UNNAMED', nameRange, severity, metadata, body, text: condition, range }
  return {
    name,
    nameRange,
    rule,
    conditions: [...definitions.conditions, ...parsed.conditions],
    problems: [...definitions.problems, ...parsed.problems],
  }
}
