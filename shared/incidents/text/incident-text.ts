import { counted } from '../../text/numbers.ts'
import type { Notice, WitnessTrace } from '../notice.ts'
import { headlineOf, tracesText } from './headline.ts'
import { sentencesOf } from './sentences.ts'
import { shownName } from './shown.ts'
import { utcText } from './times.ts'
import { webLink } from './web-link.ts'

/**
 * An incident in words, before a receiver lays it out. Text of strangers in it is visible and cut, but not yet escaped for a
 * markup: `<!channel>` is still what Slack would take for a mention.
 */
export interface IncidentText {
  /** One line: what broke, where, since when, how many traces. */
  readonly headline: string
  /** `RULE in SERVICE`, or the number of incidents in a flood: the same in all states. */
  readonly title: string
  /** What the rule is about, then how things are, each on one line. */
  readonly sentences: readonly string[]
  readonly evidence?: TraceEvidence
  readonly facts: readonly Fact[]
  readonly links: readonly NamedLink[]
}

/** Why one trace broke the rule. */
interface TraceEvidence {
  /** `Trace ID of SERVICE, TIME` */
  readonly heading: string
  readonly lines: readonly string[]
}

interface Fact {
  readonly name: string
  readonly value: string
}

interface NamedLink {
  readonly title: string
  /** An http or https URL without characters that a markup takes for its own. */
  readonly url: string
}

const MAX_VALUE = 300
const MAX_EVIDENCE_LINES = 20
const MAX_EVIDENCE_LINE = 300

/** The words for the state of an incident. */
export function incidentText(notice: Notice): IncidentText {
  const evidence = evidenceOf(notice)
  return {
    headline: headlineOf(notice),
    title: titleOf(notice),
    sentences: sentencesOf(notice),
    ...(evidence === undefined ? {} : { evidence }),
    facts: factsOf(notice),
    links: linksOf(notice),
  }
}

function titleOf({ flood, rule, service }: Notice): string {
  if (flood !== undefined) return `${counted(flood.length, 'incident')} opened together`
  return `${shownName(rule)}${service === '' ? '' : ` in ${shownName(service)}`}`
}

/** Of the first trace, which opened the incident; of the newest with a text if it has none. */
function evidenceOf({ first, latest }: Notice): TraceEvidence | undefined {
  const trace = [first, ...latest].find(({ text }) => text !== undefined && text !== '')
  if (trace === undefined) return undefined
  const lines = (trace.text ?? '').slice(0, 10_000).split('\n')
  const shown = lines.slice(0, MAX_EVIDENCE_LINES).map((line) => shownName(line, MAX_EVIDENCE_LINE))
  const left = lines.length - shown.length
  return { heading: traceText(trace), lines: left > 0 ? [...shown, `… ${left} more lines`] : shown }
}

function traceText({ traceId, service, atMs }: WitnessTrace): string {
  const where = service === '' ? '' : ` of ${shownName(service)}`
  return `Trace ${shownName(traceId)}${where}, ${utcText(atMs)}`
}

/** Of a flood only what holds for all of its incidents. */
function factsOf(notice: Notice): readonly Fact[] {
  const { severity, openedAtMs, ended, endedAtMs, incidentId, flood } = notice
  return [
    fact('Severity', severity),
    ...(flood === undefined ? factsOfOne(notice) : []),
    fact('Opened', utcText(openedAtMs)),
    fact('Ended', ended === undefined || endedAtMs === undefined ? undefined : utcText(endedAtMs)),
    fact('Incident', incidentId),
  ].flat()
}

function factsOfOne(notice: Notice): readonly Fact[] {
  const { group, owner, tags, runbook } = notice
  const isPath = runbook !== undefined && runbook !== '' && webLink(runbook) === undefined
  return [
    fact('Service', notice.service),
    fact('Group', group === undefined ? undefined : `${group.name} = ${group.value}`),
    fact('Owner', owner),
    fact('Tags', tags.join(', ')),
    fact('Traces', tracesText(notice)),
    fact('Runbook', isPath ? runbook : undefined),
  ].flat()
}

/** None for a value that says nothing. */
function fact(name: string, value: string | undefined): readonly Fact[] {
  return value === undefined || value === '' ? [] : [{ name, value: shownName(value, MAX_VALUE) }]
}

function linksOf({ first, latest, runbook, console }: Notice): readonly NamedLink[] {
  const newest = latest.find(({ link, traceId }) => link !== undefined && traceId !== first.traceId)
  return [
    link('Trace', first.link),
    link('Newest trace', newest?.link),
    link('Runbook', runbook),
    link('Incident', console),
  ].flat()
}

function link(title: string, text: string | undefined): readonly NamedLink[] {
  const url = text === undefined ? undefined : webLink(text)
  return url === undefined ? [] : [{ title, url }]
}
