import { InputError } from '../../shared/errors.ts'
import type { RuleSet, RuleSource } from '../../shared/pipeline/ports.ts'
import { makingRuleSet } from '../../shared/pipeline/rule-set.ts'
import { moreText } from '../../shared/rules/read/listing.ts'
import { renderProblem } from '../../shared/text/problem-text.ts'
import { visible } from '../../shared/text/visible.ts'
import { inSlices } from './in-slices.ts'
import { fingerprint, type RulesFolder, readRulesFolder } from './rules-folder.ts'

/** Rules that came into force, and what was read for them. */
export interface RulesInForce {
  readonly set: RuleSet
  readonly folder: RulesFolder
}

/** The rules of some folders and files, loaded again when they change; a set is switched to whole. */
export class RulesWatcher implements RuleSource {
  private readonly paths: readonly string[]
  private readonly onLoaded: OnLoaded
  private loaded: RulesInForce
  private loadedVersion: string
  private seenVersion: string

  private constructor(paths: readonly string[], version: string, loaded: RulesInForce, onLoaded: OnLoaded) {
    this.paths = paths
    this.loaded = loaded
    this.loadedVersion = version
    this.seenVersion = version
    this.onLoaded = onLoaded
  }

  /** Loads the rules; throws an InputError where a path does not exist or cannot be read. */
  static async open(paths: readonly string[], onLoaded: OnLoaded): Promise<RulesWatcher> {
    const version = await fingerprint(paths)
    const loaded = await load(paths, [])
    const missing = loaded.folder.unreadable.find(({ file }) => paths.includes(file))
    if (missing !== undefined) {
      const message = `cannot read rules from ${missing.file}: ${missing.reason}`
      throw new InputError({ code: 'unreadable-rules', message, hint: 'name a folder of *.rules or *.yaml files' })
    }
    onLoaded(loaded)
    return new RulesWatcher(paths, version, loaded, onLoaded)
  }

  async current(): Promise<RuleSet> {
    return this.loaded.set
  }

  get state(): RulesInForce {
    return this.loaded
  }

  /**
   * Looks for changes and loads what has changed and then stayed as it is until the next look: a file half written is
   * not read. While a file or folder cannot be read its rules stay in force.
   */
  async poll(): Promise<void> {
    const version = await fingerprint(this.paths)
    const settled = version === this.seenVersion
    this.seenVersion = version
    if (!settled || version === this.loadedVersion) return
    this.loaded = await load(this.paths, this.loaded.folder.files)
    this.loadedVersion = version
    this.onLoaded(this.loaded)
  }
}

type OnLoaded = (loaded: RulesInForce) => void

async function load(paths: readonly string[], before: RulesFolder['files']): Promise<RulesInForce> {
  const folder = await readRulesFolder(paths, before)
  return { set: await inSlices(makingRuleSet(folder.files)), folder }
}

/** What was loaded, for people: a line of counts, then each problem with its source line and caret. */
export function rulesReport({ set, folder }: RulesInForce, colour: boolean): string {
  const texts = new Map(folder.files.map(({ file, text }) => [file, text]))
  const rejected = set.rejected === 0 ? '' : `, ${set.rejected} rejected`
  const parts = [`${set.rules.length} ${set.rules.length === 1 ? 'rule' : 'rules'} in force${rejected}`]
  for (const { file, reason, hint, isKept } of folder.unreadable) {
    const kept = isKept ? '. Its rules stay in force until then' : ''
    parts.push(visible(`${file} was not read: ${reason}; ${hint}${kept}`))
  }
  for (const problem of set.problems) parts.push(renderProblem(problem, texts.get(problem.file) ?? '', { colour }))
  const rest = moreText(set.more, 'problem')
  if (rest !== undefined) parts.push(rest)
  return `${parts.join('\n\n')}\n`
}
