import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RuleFile } from '../shared/rules/check/check.ts'
import { isRuleFileName, isTestFileName } from '../shared/rules/read/read.ts'

/** The folder of the packs that are in force unless somebody names others. */
export const DEFAULT_RULES = folderOf('rules')
/** That folder, and the one of the packs for those who ask for them. */
export const SHIPPED_RULES = [DEFAULT_RULES, folderOf('optional-rules')]

/** Every pack that ships, by its file name. */
export function shippedPacks(folders: readonly string[] = SHIPPED_RULES): readonly RuleFile[] {
  return filesOf(folders, isRuleFileName)
}

/** The tests of every pack that ships, by file name. */
export function shippedRuleTests(): readonly RuleFile[] {
  return filesOf(SHIPPED_RULES, isTestFileName)
}

function filesOf(folders: readonly string[], accepts: (name: string) => boolean): readonly RuleFile[] {
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter(accepts)
      .map((file) => ({ file, text: readFileSync(`${folder}${file}`, 'utf8') })),
  )
}

function folderOf(name: string): string {
  return fileURLToPath(new URL(`../${name}/`, import.meta.url))
}
