import { type RuleState, type RuleStateHour, type RuleStates, verdictOver } from '../../pipeline/rule-state.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import { absentAttributes } from '../../rules/blind/absent.ts'
import { addBlindTally, newBlindTally } from '../blind-tally.ts'
import type { ReplayRange } from '../range.ts'
import type { RuleHour } from './hour-summary.ts'
import type { HourRead } from './read-hours.ts'

/** Adds up hours to the states of rules over the range; an hour or rule that is not among them has found nothing. */
export function ruleStatesOver(
  { fromMs, toMs }: ReplayRange,
  rules: readonly CheckedRule[],
  keptBack: ReadonlySet<string>,
  hours: readonly HourRead[],
): RuleStates {
  const ordered = hours.toSorted((a, b) => a.hourMs - b.hourMs)
  const found = new Map(rules.map(({ name }): [string, Found[]] => [name, []]))
  for (const { hourMs, rules: judged } of ordered) {
    for (const each of judged) found.get(each.rule)?.push({ hourMs, each })
  }
  const partial = ordered.filter(({ rules: judged }) => judged.some((each) => each.partial === true))
  return {
    from: iso(fromMs),
    to: iso(toMs),
    traces: ordered.reduce((sum, { traces }) => sum + traces, 0),
    rules: rules.map((rule) => stateOf(rule, keptBack.has(rule.name), found.get(rule.name) ?? [])),
    partialHours: partial.map(({ hourMs }) => iso(hourMs)),
    failures: ordered.flatMap(({ failures }) => failures),
  }
}

interface Found {
  readonly hourMs: number
  readonly each: RuleHour
}

function stateOf(rule: CheckedRule, keptBack: boolean, found: readonly Found[]): RuleState {
  const total = (name: 'exercised' | 'violated' | 'inconclusive' | 'blind') =>
    found.reduce((sum, { each }) => sum + each[name], 0)
  const violated = total('violated')
  const blindness = newBlindTally()
  for (const { each } of found) {
    const needs = each.needs.map(({ asked, found: isFound, keys }) => ({ asked, found: isFound, keys: new Set(keys) }))
    addBlindTally(blindness, { blind: each.blind, needs })
  }
  const counts = {
    exercised: total('exercised'),
    violated,
    inconclusive: total('inconclusive'),
    blind: violated > 0 ? 0 : blindness.blind,
    absent: violated > 0 ? [] : absentAttributes(rule.body, blindness.needs),
  }
  return {
    rule: rule.name,
    revision: rule.revision,
    severity: rule.severity,
    shadow: rule.metadata.mode === 'shadow',
    keptBack,
    state: verdictOver(counts),
    ...counts,
    lastExercised: latest(found.map(({ each }) => each.lastExercisedMs)),
    lastViolated: latest(found.map(({ each }) => each.lastViolatedMs)),
    hours: found.flatMap(hourOf),
  }
}

function hourOf({ hourMs, each }: Found): readonly RuleStateHour[] {
  const { exercised, violated, inconclusive, blind } = each
  if (exercised + violated + inconclusive + blind === 0) return []
  return [{ hour: iso(hourMs), exercised, violated, inconclusive, blind }]
}

function latest(times: readonly (number | undefined)[]): string | null {
  const latestMs = Math.max(...times.map((ms) => ms ?? Number.NEGATIVE_INFINITY))
  return Number.isFinite(latestMs) ? iso(latestMs) : null
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
