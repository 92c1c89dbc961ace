import { readPack } from './pack.ts'
import { type ReadFile, readRuleFile } from './rule-file.ts'

/** Whether a file so named holds rules: `*.rules`, or a YAML pack that is no file of rule tests. */
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

/** Reads the rules of one file, told by its name; a rule with problems never stops the others. */
export function readRules(file: string, text: string): ReadFile {
  return isPack(file) ? readPack(text) : readRuleFile(text)
}
