import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check/check.ts'

/** Rules in force, each with the text of the file that it came from. */
export interface SourcedRules {
  readonly rules: readonly CheckedRule[]
  /** By the name of a rule; the same text for all rules of a file that were read together. */
  readonly texts: ReadonlyMap<string, string>
  /** Names of those in force as they were, because their new text has problems. */
  readonly keptBack?: readonly string[]
}

export const NO_RULES: SourcedRules = { rules: [], texts: new Map() }

const NAME = 'rules-in-force.json'

const stored = v.object({
  version: v.literal(1),
  files: v.array(v.object({ file: v.string(), text: v.string(), rules: v.array(v.string()) })),
  keptBack: v.optional(v.array(v.string()), []),
})

/** Keeps the rules in force in a data folder, so that a rule whose text has problems at the next start stays in force. */
export async function writeRulesInForce(
  dataFolder: string,
  { rules, texts, keptBack = [] }: SourcedRules,
): Promise<void> {
  const byText = Map.groupBy(rules, ({ name, file }) => `${file}\0${texts.get(name) ?? ''}`)
  const files = [...byText.values()].map((group) => {
    const [{ file, name }] = group as [CheckedRule]
    return { file, text: texts.get(name) ?? '', rules: group.map((rule) => rule.name) }
  })
  const path = join(dataFolder, NAME)
  const unfinished = `${path}.new`
  try {
    await writeFile(unfinished, JSON.stringify({ version: 1, files, keptBack }), { mode: 0o600 })
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

/** The rules that were in force when the data folder was last used; none where it is new. Throws where the file is damaged. */
export async function readRulesInForce(dataFolder: string): Promise<SourcedRules> {
  const text = await readFile(join(dataFolder, NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return NO_RULES
  const texts = new Map<string, string>()
  const rules: CheckedRule[] = []
  const { files, keptBack } = v.parse(stored, JSON.parse(text))
  for (const file of files) {
    const wanted = new Set(file.rules)
    for (const rule of checkRules([file]).rules) {
      if (!wanted.has(rule.name)) continue
      rules.push(rule)
      texts.set(rule.name, file.text)
    }
  }
  return { rules, texts, keptBack }
}
