import { readPack } from './pack.ts'
import { type ReadFile, readRuleFile } from './rule-file.ts'

/** Whether a file so named is a YAML pack; all else is rule text. */
export function isPack(file: string): boolean {
  return /\.ya?ml$/i.test(file)
}

/** Reads the rules of one file, told by its name; a rule with problems never stops the others. */
export function readRules(file: string, text: string): ReadFile {
  return isPack(file) ? readPack(text) : readRuleFile(text)
}
