import { type Command, InvalidArgumentError, Option } from 'commander'
import type { NotifyParts } from '../../shared/incidents/notify/read-notify-file.ts'
import { FACT_NAMES, type FactName, type IncidentFacts } from '../../shared/incidents/routing/facts.ts'
import { type Mute, mutesPerhaps } from '../../shared/incidents/routing/mutes.ts'
import { reachOf, routesTaking, whyTaken } from '../../shared/incidents/routing/routes.ts'
import type { Severity } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { SEVERITIES } from '../../shared/rules/read/header.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { namedRules } from '../load-rules.ts'
import { repeatable } from '../option-values.ts'
import { readRuleFiles } from '../rule-files.ts'
import { type ExitCode, type Terminal, write } from '../terminal.ts'
import { notifyOption, readChosen, requireParts } from './read-file.ts'

interface RouteOptions {
  readonly notify: string
  readonly stack?: string
  readonly rules?: readonly string[]
  readonly severity?: Severity
  readonly owner?: string
  readonly tag?: readonly string[]
  readonly service?: string
  readonly group?: readonly [name: string | undefined, value: string]
  readonly experiment?: readonly string[]
  readonly complete?: boolean
  readonly source?: string
  readonly format: 'pretty' | 'json'
}

/** `betrace notify route`: says who would be notified of an incident, and why. */
export function notifyRouteCommand(terminal: Terminal, finish: Finish): Command {
  const word = (flags: string, description: string) => new Option(flags, description)
  const words = (flags: string, description: string) =>
    new Option(flags, `${description}; may be repeated`).argParser(repeatable((text: string) => text))
  const command = newCommand('route', terminal)
    .summary('say who is notified of an incident of a rule, and why')
    .description(
      'Says which receivers an incident of a rule reaches, and why. A fact that is not given is not known, and receivers ' +
        'that depend on it are listed as such; an empty text says that the incident lacks it.',
    )
    .argument('<rule>', 'the name of the rule')
    .addOption(notifyOption())
    .addOption(word('-s, --stack <name>', 'by the file in force at this deployed stack'))
    .addOption(words('-r, --rules <path>', 'take severity, owner and tags from the rule in these files or folders'))
    .addOption(word('--severity <severity>', 'its severity').choices(SEVERITIES))
    .addOption(word('--owner <name>', 'its owner'))
    .addOption(words('--tag <tag>', 'a tag of it'))
    .addOption(word('--service <name>', 'the service that broke it'))
    .addOption(word('--group <value>', 'the group, as value or name=value').argParser(parseGroup))
    .addOption(words('--experiment <id>', 'an experiment that runs'))
    .addOption(word('--complete <boolean>', 'whether the first trace is complete').argParser(parseBoolean))
    .addOption(word('--source <source>', 'the source of its events'))
    .addOption(word('-f, --format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'))
    .action(async (rule: string, options: RouteOptions) => {
      finish(await route(rule, options, terminal))
    })
  withExamples(command, terminal, [
    ['who is notified of a critical incident', 'betrace notify route PAYMENT_FAILED --severity critical'],
    ['the same with severity, owner and tags of the rule', 'betrace notify route PAYMENT_FAILED --rules rules/'],
    ['by the file of a deployed stack', 'betrace notify route PAYMENT_FAILED --stack betrace-main'],
    ['of one service and group', 'betrace notify route PAYMENT_FAILED -r rules/ --service checkout --group region=eu'],
  ])
  return command.addHelpText(
    'after',
    '\nNo value that the file refers to is looked up.\nExit code: 0 somebody is notified, or may be, 1 nobody, 2 the file has problems or the rule is not known.',
  )
}

function parseGroup(text: string): readonly [name: string | undefined, value: string] {
  const [, name, value = text] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  return [name, value]
}

function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('Write true or false.')
  return text === 'true'
}

/** An incident as far as it is known. */
interface PartlyKnown {
  readonly incident: IncidentFacts
  readonly unknown: ReadonlySet<FactName>
}

async function route(rule: string, options: RouteOptions, terminal: Terminal): Promise<ExitCode> {
  // Routes can be read without the values that receivers refer to.
  const parts = await requireParts(await readChosen(options, false), terminal)
  const known = await knownOf(rule, options)
  const reached = reachOf(parts, known.incident, known.unknown)
  const report = reached.map(({ receiver, isCertain }) => {
    return { receiver, certain: isCertain, because: reasonsOf(parts, known, receiver) }
  })
  const muted = mutesPerhaps(parts.mutes, known.incident, known.unknown, Date.now())
  const text =
    options.format === 'json' ? JSON.stringify({ rule, receivers: report, mutes: muted.map(muteJson) }) : shown()
  await write(terminal.stdout, `${text}\n`)
  return reached.length === 0 ? 1 : 0

  function shown(): string {
    const width = Math.max(...report.map(({ receiver }) => receiver.length))
    const lines = report.map(({ receiver, certain, because }) => {
      return `${receiver.padEnd(width)}  ${certain ? '' : 'perhaps: '}${visible(because.join('; '))}`
    })
    const nobody = reached.length === 0 ? [`nobody is notified of ${visible(rule)}`] : []
    return [...nobody, ...lines, ...muted.map(muteText)].join('\n')
  }
}

/** Why the routes of a receiver take the incident, or on which matcher it depends. */
function reasonsOf({ routes }: NotifyParts, { incident, unknown }: PartlyKnown, receiver: string): readonly string[] {
  const taking = routesTaking({ routes }, incident, unknown)
  const of = routes.filter(({ to }, at) => to.includes(receiver) && taking[at] !== false)
  return of.map((each) => (taking[routes.indexOf(each)] === true ? whyTaken(each, incident) : dependsOn(each.when)))
}

function dependsOn(when: NotifyParts['routes'][number]['when']): string {
  return when === 'otherwise' ? 'if no other route takes it' : `if ${when.text}`
}

type PlacedMute = { readonly mute: Mute; readonly certain: boolean }

function muteJson({ mute: { untilMs, why, by }, certain }: PlacedMute) {
  return { until: new Date(untilMs).toISOString(), why, ...(by !== undefined && { by }), certain }
}

function muteText({ mute: { when, untilMs, why, by }, certain }: PlacedMute): string {
  const until = new Date(untilMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = certain || when === 'everything' ? '' : ` if ${visible(when.text)}`
  const who = by === undefined ? '' : ` (${visible(by)})`
  return `muted until ${until}${condition}: ${visible(why)}${who}`
}

async function knownOf(rule: string, options: RouteOptions): Promise<PartlyKnown> {
  const { severity, owner, tag, service, group, experiment, complete, source } = options
  const [found] =
    options.rules === undefined ? [] : namedRules(checkRules(await readRuleFiles(options.rules)).rules, [rule])
  const known: Readonly<Record<FactName, boolean>> = {
    rule: true,
    severity: severity !== undefined || found !== undefined,
    owner: owner !== undefined || found !== undefined,
    tags: tag !== undefined || found !== undefined,
    service: service !== undefined,
    group: group !== undefined,
    'group.name': group?.[0] !== undefined || group?.[1] === '',
    experiments: experiment !== undefined,
    complete: complete !== undefined,
    source: source !== undefined,
  }
  return {
    incident: {
      rule,
      severity: severity ?? found?.severity ?? 'info',
      owner: owner ?? found?.metadata.owner,
      tags: lackingNone(tag ?? found?.metadata.tags),
      service: service ?? '',
      group: group === undefined || group[1] === '' ? undefined : { name: group[0] ?? '', value: group[1] },
      experiments: lackingNone(experiment),
      complete,
      source: source ?? '',
    },
    unknown: new Set(FACT_NAMES.filter((name) => !known[name])),
  }
}

/** `--tag ''` says that there are no tags. */
function lackingNone(texts: readonly string[] = []): readonly string[] {
  return texts.filter((text) => text !== '')
}
