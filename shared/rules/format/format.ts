import { revisionOf } from '../print/canonical.ts'
import { inOrder, type TextProblem } from '../problem.ts'
import { isPack, readRuleText } from '../read/read.ts'
import type { ReadFile, ReadRule } from '../read/rule-file.ts'
import { layOutFile } from './file.ts'
import { layOutPack } from './pack.ts'

/** A file as `betrace fmt` writes it; one with problems is not formatted. */
export type Formatted = { readonly text: string } | { readonly problems: readonly TextProblem[] }

/**
 * The canonical layout of a file of rules: only white space changes, and the spelling of header and metadata keys. Every
 * comment stays between the same words, the rules keep their revisions, and formatting the result changes nothing.
 */
export function formatRules(file: string, text: string): Formatted {
  const read = readRuleText(file, text)
  const problems = problemsOf(read)
  if (problems.length > 0) return { problems: inOrder(problems) }
  const formatted = isPack(file) ? layOutPack(text) : layOutFile(text)
  const again = readRuleText(file, formatted)
  const tooLong = again.rules.findIndex((rule) => rule.problems.some(({ code }) => code === 'rule-too-long'))
  if (tooLong >= 0) return { problems: [tooLongProblem(read.rules[tooLong] as ReadRule)] }
  if (!sameRules(read, again)) throw new Error(`formatting would change a rule of ${file}`)
  return { text: formatted }
}

function problemsOf({ problems, rules }: ReadFile): readonly TextProblem[] {
  return [...problems, ...rules.flatMap((rule) => rule.problems)]
}

function tooLongProblem({ nameRange }: ReadRule): TextProblem {
  const message = 'formatted, with a line for each operand, the rule would hold more than 64 KiB'
  return { code: 'rule-too-long', message, hint: 'split it into several rules', range: nameRange }
}

function sameRules(before: ReadFile, after: ReadFile): boolean {
  const facts = ({ rules }: ReadFile) =>
    rules.map(({ rule }) => rule && [rule.name, rule.severity, rule.metadata, revisionOf(rule.body)])
  return problemsOf(after).length === 0 && JSON.stringify(facts(before)) === JSON.stringify(facts(after))
}
