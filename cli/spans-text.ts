import { counted, grouped } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import type { AttributesReport, NamesReport, ReportedAttribute, ReportedName } from './spans-report.ts'
import { paint, type Screen } from './terminal.ts'

/** Services and events that one line names. */
const SHOWN = 4

/** Span names for people, one a line: the number of spans, their services and kinds. */
export function namesText({ names, ...range }: NamesReport, screen: Screen): string {
  const width = Math.max(...names.map(({ spans }) => grouped(spans).length))
  const lines = names.map((each) => `${grouped(each.spans).padStart(width)}  ${nameText(each, screen)}\n`)
  return `${lines.join('')}${rangeText(range, counted(names.length, 'span name'), screen)}`
}

function nameText({ name, services, attributeCount, events, more }: ReportedName, screen: Screen): string {
  const senders = services.map(({ service, kind }) => `${service === '' ? 'no service' : service} (${kind})`)
  const facts = [
    listed(senders),
    counted(attributeCount, 'attribute'),
    ...(events.length === 0 ? [] : [`events ${listed(events.map((event) => event.name))}`]),
    ...(more ? ['and more than is kept'] : []),
  ]
  return `${paint(screen, 'bold', visible(name))}  ${paint(screen, 'dim', visible(facts.join(' · ')))}`
}

/** The attributes of each name for people: on how many spans, which types, a few values. */
export function attributesText({ names, resource, ...range }: AttributesReport, screen: Screen): string {
  const parts = names.map((each) => {
    const title = `${nameText(each, screen)}\n${paint(screen, 'dim', `  ${counted(each.spans, 'span')}`)}\n`
    return `${title}${linesOf(each.attributes)}`
  })
  const ofResources =
    resource.length === 0 ? '' : `${paint(screen, 'bold', 'resources of all spans')}\n${linesOf(resource)}`
  const blocks = [...parts, ...(ofResources === '' ? [] : [ofResources])]
  return `${blocks.map((block) => `${block}\n`).join('')}${rangeText(range, counted(names.length, 'span name'), screen)}`
}

function linesOf(attributes: readonly ReportedAttribute[]): string {
  const rows = attributes.map(({ key, spans, types, examples }) => ({
    spans: grouped(spans),
    key: visible(key),
    types: visible(types.join('|')),
    examples: visible(examples.join('  ')),
  }))
  const width = (column: 'spans' | 'key' | 'types') => Math.max(0, ...rows.map((row) => row[column].length))
  const [spansWidth, keyWidth, typesWidth] = [width('spans'), width('key'), width('types')]
  return rows
    .map(({ spans, key, types, examples }) =>
      `  ${spans.padStart(spansWidth)}  ${key.padEnd(keyWidth)}  ${types.padEnd(typesWidth)}  ${examples}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function listed(items: readonly string[]): string {
  const more = items.length - SHOWN
  return `${items.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${grouped(more)} more` : ''}`
}

function rangeText(range: Omit<NamesReport, 'names'>, what: string, screen: Screen): string {
  const when =
    range.from === null
      ? 'nothing is archived then'
      : `in ${counted(range.hours, 'hour')} from ${range.from} to ${range.to}`
  const many = range.grouped
    ? 'too many names an hour: those that differ by identifiers are grouped, as in GET /users/*\n'
    : ''
  return `${paint(screen, 'yellow', many)}${paint(screen, 'dim', `${what} ${when}`)}\n`
}
