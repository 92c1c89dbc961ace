import { InputError } from '../../errors.ts'
import type { RequestedRules } from '../../replay/request.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import { type CheckedRules, checkRead } from '../../rules/check/check.ts'
import { renderProblem } from '../../text/problem-text.ts'
import {
  packedFile,
  type RulesBucket,
  readCurrentSet,
  readSet,
  readSetFiles,
  type StoredRuleFile,
} from '../rules/rule-sets.ts'

/** The rules that a run judges by: immutable, whatever is in force later. */
export type RunRules =
  | { readonly set: string; readonly names?: readonly string[] }
  | { readonly files: readonly StoredRuleFile[] }

/** Rules that were asked for, found and checked. */
export interface FoundRules {
  readonly run: RunRules
  readonly rules: readonly CheckedRule[]
  /** Rules in force that do not compile and so are not replayed. */
  readonly rejected: number
}

type RulesErrorCode = 'unknown-rule' | 'bad-rules' | 'no-rules'

const SHOWN_PROBLEMS = 20
const SHOWN_NAMES = 20

/** Finds the rules of a request; throws an InputError for a name that is not in force, and for text with any problem. */
export async function findRules(bucket: RulesBucket, requested: RequestedRules | undefined): Promise<FoundRules> {
  if (requested !== undefined && 'files' in requested) return requestedFiles(requested.files.map(packedFile))
  const { id, files } = await readCurrentSet(bucket)
  const { rules, ruleCount } = checkRead(readSet(files))
  const run = { set: id, ...(requested !== undefined && { names: requested.names }) }
  const chosen = requested === undefined ? rules : requested.names.map((name) => ruleNamed(rules, name))
  if (chosen.length === 0) {
    throw rulesError('no-rules', 'no rule is in force', 'send rules with the request, or push some')
  }
  return { run, rules: inSetOrder(rules, chosen), rejected: requested === undefined ? ruleCount - rules.length : 0 }
}

/** The rules of a run, in the order in which all its workers count. */
export async function rulesOfRun(bucket: RulesBucket, run: RunRules): Promise<readonly CheckedRule[]> {
  if ('files' in run) return checkRead(readSet(run.files)).rules
  const { rules } = checkRead(readSet(await readSetFiles(bucket, run.set)))
  const { names } = run
  return names === undefined
    ? rules
    : inSetOrder(
        rules,
        names.map((name) => ruleNamed(rules, name)),
      )
}

function requestedFiles(files: readonly StoredRuleFile[]): FoundRules {
  const checked = checkRead(readSet(files))
  if (checked.problems.length > 0) throw badRules(checked, files)
  if (checked.rules.length === 0) {
    throw rulesError('no-rules', 'the text holds no rule', 'begin each rule with // Signal: NAME (severity)')
  }
  return { run: { files }, rules: checked.rules, rejected: 0 }
}

function badRules(
  { problems, more: unlisted }: CheckedRules,
  files: readonly StoredRuleFile[],
): InputError<RulesErrorCode> {
  const texts = new Map(files.map(({ file, text }) => [file, text]))
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => {
    return renderProblem(problem, texts.get(problem.file) ?? '', { colour: false })
  })
  const rest = problems.length + unlisted.count - shown.length
  const more = rest > 0 ? `\n\n… and ${rest} more` : ''
  return rulesError(
    'bad-rules',
    `${shown.join('\n\n')}${more}`,
    'fix the rules; names of rules in force go into a list: ["NAME"]',
  )
}

function ruleNamed(rules: readonly CheckedRule[], name: string): CheckedRule {
  const rule = rules.find((candidate) => candidate.name === name)
  if (rule !== undefined) return rule
  const names = rules.slice(0, SHOWN_NAMES).map((each) => each.name)
  const more = rules.length > names.length ? ` and ${rules.length - names.length} more` : ''
  throw rulesError('unknown-rule', `no rule in force is named ${name}`, `in force are ${names.join(', ')}${more}`)
}

function inSetOrder(rules: readonly CheckedRule[], chosen: readonly CheckedRule[]): readonly CheckedRule[] {
  const wanted = new Set(chosen)
  return rules.filter((rule) => wanted.has(rule))
}

function rulesError(code: RulesErrorCode, message: string, hint: string): InputError<RulesErrorCode> {
  return new InputError({ code, message, hint })
}
