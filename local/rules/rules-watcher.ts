import { InputError } from '../../shared/errors.ts'
import type { Log, RuleSet, RuleSource } from '../../shared/pipeline/ports.ts'
import { makingRuleSet } from '../../shared/pipeline/rule-set.ts'
import { differenceText, type RulesDifference, rulesDifference } from '../../shared/rules/check/last-good.ts'
import { moreText } from '../../shared/rules/read/listing.ts'
import { renderProblem } from '../../shared/text/problem-text.ts'
import { visible } from '../../shared/text/visible.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { inSlices } from './in-slices.ts'
import { fingerprint, type RulesFolder, readRulesFolder } from './rules-folder.ts'
import { NO_RULES, readRulesInForce, type SourcedRules, writeRulesInForce } from './rules-in-force-file.ts'

/** Rules that came into force, and what was read for them. */
export interface RulesInForce {
  readonly set: RuleSet
  readonly folder: RulesFolder
  /** The text that each rule in force came from. */
  readonly texts: SourcedRules['texts']
  /** How the set differs from the one before; at a start, the rules that were kept back. */
  readonly difference: RulesDifference
}

type OnLoaded = (loaded: RulesInForce) => void

/** What a watcher tells, and where it keeps the rules in force for the next start. */
export interface WatcherOptions {
  readonly onLoaded: OnLoaded
  readonly log: Log
  /** Undefined: nothing is kept. */
  readonly dataFolder?: string
  /** Paths of runbooks are looked for below it. */
  readonly runbookBase?: string | undefined
}

/** The rules of some folders and files, loaded again when they change; a set is switched to whole. */
export class RulesWatcher implements RuleSource {
  private readonly paths: readonly string[]
  private readonly options: WatcherOptions
  private loaded: RulesInForce
  private loadedVersion: string
  private seenVersion: string

  private constructor(paths: readonly string[], version: string, loaded: RulesInForce, options: WatcherOptions) {
    this.paths = paths
    this.loaded = loaded
    this.loadedVersion = version
    this.seenVersion = version
    this.options = options
  }

  /**
   * Loads the rules; a rule whose text has problems stays in force as it was when the data folder was last used. Throws an
   * InputError where a path does not exist or cannot be read.
   */
  static async open(paths: readonly string[], options: WatcherOptions): Promise<RulesWatcher> {
    const version = await fingerprint(paths)
    const loaded = await firstLoad(paths, options)
    const missing = loaded.folder.unreadable.find(({ file }) => paths.includes(file))
    if (missing !== undefined) {
      const message = `cannot read rules from ${missing.file}: ${missing.reason}`
      throw new InputError({ code: 'unreadable-rules', message, hint: 'name a folder of *.rules or *.yaml files' })
    }
    await announce(loaded, options)
    return new RulesWatcher(paths, version, loaded, options)
  }

  async current(): Promise<RuleSet> {
    return this.loaded.set
  }

  get state(): RulesInForce {
    return this.loaded
  }

  /**
   * Looks for changes and loads what has changed and then stayed as it is until the next look: a file half written is
   * not read. While a file or folder cannot be read, or a rule has problems, its rules stay in force.
   */
  async poll(): Promise<void> {
    const version = await fingerprint(this.paths)
    const settled = version === this.seenVersion
    this.seenVersion = version
    if (!settled || version === this.loadedVersion) return
    const { set, folder, texts } = this.loaded
    const changed = await readRulesFolder(this.paths, folder.files)
    this.loaded = await load(changed, { rules: set.rules, texts }, this.options)
    this.loadedVersion = version
    await announce(this.loaded, this.options)
  }
}

async function firstLoad(paths: readonly string[], options: WatcherOptions): Promise<RulesInForce> {
  const { dataFolder, log } = options
  const folder = await readRulesFolder(paths)
  const loaded = await load(folder, NO_RULES, options)
  const { problems } = loaded.set
  if (dataFolder === undefined || problems.length === 0) return withoutDifference(loaded)
  try {
    return withoutDifference(await load(folder, await readRulesInForce(dataFolder), options))
  } catch (error) {
    log('error', 'the rules that were in force before cannot be read', {
      reason: String(error),
      runbook: RUNBOOK.broken,
    })
    return withoutDifference(loaded)
  }
}

/** At a start nothing was in force before. */
function withoutDifference(loaded: RulesInForce): RulesInForce {
  return { ...loaded, difference: { added: [], changed: [], removed: [], keptBack: loaded.difference.keptBack } }
}

async function load(folder: RulesFolder, before: SourcedRules, { runbookBase }: WatcherOptions): Promise<RulesInForce> {
  const set = await inSlices(makingRuleSet(folder.files, before.rules, runbookBase))
  const fileTexts = new Map(folder.files.map(({ file, text }) => [file, text]))
  const texts = new Map(set.rules.map(({ name, file }) => [name, fileTexts.get(file) ?? '']))
  for (const { name } of set.keptBack) texts.set(name, before.texts.get(name) ?? '')
  return { set, folder, texts, difference: rulesDifference(before.rules, set.rules, set.keptBack) }
}

async function announce(loaded: RulesInForce, { onLoaded, log, dataFolder }: WatcherOptions): Promise<void> {
  const { set, texts, difference } = loaded
  onLoaded(loaded)
  const changes = differenceText(difference)
  const disarmed = difference.removed.length + difference.keptBack.length > 0
  if (changes !== undefined) log(disarmed ? 'warn' : 'info', 'rules changed', { changes })
  if (dataFolder === undefined) return
  try {
    const keptBack = set.keptBack.map(({ name }) => name)
    await writeRulesInForce(dataFolder, { rules: set.rules, texts, keptBack })
  } catch (error) {
    log('error', 'the rules in force cannot be kept for the next start', { reason: String(error) })
  }
}

/** What was loaded, for people: a line of counts, then each problem with its source line and caret. */
export function rulesReport({ set, folder, difference }: RulesInForce, colour: boolean): string {
  const texts = new Map(folder.files.map(({ file, text }) => [file, text]))
  const rejected = set.rejected === 0 ? '' : `, ${set.rejected} rejected`
  const changes = differenceText(difference)
  const parts = [
    `${set.rules.length} ${set.rules.length === 1 ? 'rule' : 'rules'} in force${rejected}${changes === undefined ? '' : ` (${visible(changes)})`}`,
  ]
  for (const { file, reason, hint, isKept } of folder.unreadable) {
    const kept = isKept ? '. Its rules stay in force until then' : ''
    parts.push(visible(`${file} was not read: ${reason}; ${hint}${kept}`))
  }
  for (const problem of set.problems) parts.push(renderProblem(problem, texts.get(problem.file) ?? '', { colour }))
  const rest = moreText(set.more, 'problem')
  if (rest !== undefined) parts.push(rest)
  return `${parts.join('\n\n')}\n`
}
