import type { PartBudget } from '../resolve/reading.ts'
import { openingPack, readPack } from './pack.ts'
import { type OpenFile, openRuleFile, type ReadFile, readRuleFile } from './rule-file.ts'

/** Whether a file so named holds rules: `*.rules`, or a YAML pack that is not a file of rule tests. */
export function isRuleFileName(name: string): boolean {
  return /\.(?:rules|ya?ml)$/i.test(name) && !isTestFileName(name)
}

/** Whether a file so named holds rule tests: `payments.test.yaml` beside `payments.rules`. */
export function isTestFileName(name: string): boolean {
  return /\.test\.ya?ml$/i.test(name)
}

/** Whether a file of rules so named is a YAML pack; all else is rule text. */
export function isPack(file: string): boolean {
  return /\.ya?ml$/i.test(file)
}

/** Takes the rules of one file apart in steps; its name says whether it is a pack. `budget` is what definitions may add to the whole set. */
export function* openingRules(file: string, text: string, budget: PartBudget): Generator<void, OpenFile> {
  return isPack(file) ? yield* openingPack(text, budget) : openRuleFile(text, budget)
}

/** Reads the rules of one file, told by its name; a rule with problems never stops the others. */
export function readRuleText(file: string, text: string): ReadFile {
  return isPack(file) ? readPack(text) : readRuleFile(text)
}
