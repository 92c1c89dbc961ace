import type { Node } from 'yaml'
import type { Problem, SourceRange } from '../../errors.ts'
import type { TextProblem } from '../../rules/problem.ts'
import { type PackNodes, rangeOf } from '../../rules/read/pack-nodes.ts'
import type { MatcherProblem } from '../routing/check-matcher.ts'

/** Everything that can be wrong with a file of receivers, routes and mutes. */
export type NotifyProblemCode =
  | 'malformed-yaml'
  | 'malformed-notify'
  | 'unknown-receiver'
  | 'malformed-receiver'
  | 'malformed-route'
  | 'malformed-mute'
  | 'malformed-link'
  | 'written-secret'
  | 'malformed-reference'
  | 'unset-reference'
  | MatcherProblem['code']

/** A problem of the file, its place known. */
export interface NotifyProblem extends Problem<NotifyProblemCode> {
  readonly range: SourceRange
}

/** Takes a problem; reading goes on, so that all of a file are found at once. */
export type ReportNotifyProblem = (problem: NotifyProblem) => void

/** The file while it is read. */
export interface NotifyFile {
  readonly nodes: PackNodes
  readonly report: ReportNotifyProblem
}

/** Reports a problem at a node. */
export function refuse(
  { nodes, report }: NotifyFile,
  node: Node | null | undefined,
  code: NotifyProblemCode,
  message: string,
  hint: string,
): undefined {
  report({ code, message, hint, range: rangeOf(nodes, node) })
}

/** What reading YAML finds is worded alike for packs of rules and for this file. */
export function forNotify(report: ReportNotifyProblem): (problem: TextProblem) => void {
  return ({ code, ...problem }) =>
    report({ ...problem, code: code === 'malformed-yaml' ? 'malformed-yaml' : 'malformed-notify' })
}
