import { kindName } from '../shared/archive/enum-names.ts'
import type { ArchivedCatalogue } from '../shared/archive/read-catalogue.ts'
import type { Catalogue, SeenAttribute, SeenName } from '../shared/catalogue/catalogue.ts'
import { globTest } from '../shared/rules/compile/glob.ts'

/** The hours that were looked at, and whether names were grouped in them. */
interface ReportedRange {
  /** ISO 8601; null where nothing was archived. */
  readonly from: string | null
  readonly to: string | null
  /** Hours with spans. */
  readonly hours: number
  /** There were too many names: some are patterns (`group`). */
  readonly grouped: boolean
}

export interface ReportedName {
  readonly name: string
  /** The name is the pattern of several. */
  readonly group: boolean
  readonly spans: number
  readonly services: readonly { readonly service: string; readonly kind: string; readonly spans: number }[]
  readonly attributeCount: number
  readonly events: readonly { readonly name: string; readonly count: number }[]
  /** There were further keys, services or events, too many to be kept. */
  readonly more: boolean
}

export interface ReportedAttribute {
  readonly key: string
  readonly from: 'span' | 'resource'
  readonly spans: number
  readonly types: readonly string[]
  /** As rules write values. */
  readonly examples: readonly string[]
}

export interface NamesReport extends ReportedRange {
  readonly names: readonly ReportedName[]
}

export interface AttributesReport extends ReportedRange {
  readonly names: readonly (ReportedName & { readonly attributes: readonly ReportedAttribute[] })[]
  readonly resource: readonly ReportedAttribute[]
}

const HOUR_MS = 3_600_000

/** Span names by how often they were seen; with a service those that it sent, and its spans alone are counted. */
export function namesReport(read: ArchivedCatalogue, service: string | undefined): NamesReport {
  return { ...rangeOf(read), names: namesOfService(read.catalogue, service).map(([name, seen]) => named(name, seen)) }
}

/** What spans carry that have a name, or fit a glob; their attributes are those of all services that use the name. */
export function attributesReport(
  read: ArchivedCatalogue,
  wanted: string,
  service: string | undefined,
): AttributesReport {
  const { catalogue } = read
  const names = namesOfService(catalogue, service).filter(([name, seen]) => isWanted(name, seen, wanted, catalogue))
  return {
    ...rangeOf(read),
    names: names.map(([name, seen]) => ({ ...named(name, seen), attributes: reported(seen.attributes, 'span') })),
    resource: names.length === 0 ? [] : reported(catalogue.resource, 'resource'),
  }
}

/** The name itself where it was seen; else what the glob fits, or the group that the name is in. */
function isWanted(name: string, { isGroup }: SeenName, wanted: string, { names }: Catalogue): boolean {
  if (names.has(wanted)) return name === wanted
  return globTest(wanted)(name) || (isGroup && globTest(name)(wanted))
}

function rangeOf({ hours, catalogue }: ArchivedCatalogue): ReportedRange {
  const iso = (ms: number | undefined, after: number) => (ms === undefined ? null : new Date(ms + after).toISOString())
  return {
    from: iso(hours[0], 0),
    to: iso(hours.at(-1), HOUR_MS),
    hours: hours.length,
    grouped: catalogue.isGrouped,
  }
}

function namesOfService({ names }: Catalogue, service: string | undefined): readonly (readonly [string, SeenName])[] {
  const found = [...names].flatMap(([name, seen]): readonly (readonly [string, SeenName])[] => {
    if (service === undefined) return [[name, seen]]
    const kinds = seen.services.get(service)
    if (kinds === undefined) return []
    const spans = [...kinds.values()].reduce((sum, count) => sum + count, 0)
    return [[name, { ...seen, spans, services: new Map([[service, kinds]]) }]]
  })
  return found.sort(([a, one], [b, other]) => other.spans - one.spans || (a < b ? -1 : 1))
}

function named(name: string, seen: SeenName): ReportedName {
  const services = [...seen.services].flatMap(([service, kinds]) =>
    [...kinds].map(([kind, spans]) => ({ service, kind: kindName(kind), spans })),
  )
  return {
    name,
    group: seen.isGroup,
    spans: seen.spans,
    services: services.sort((a, b) => b.spans - a.spans),
    attributeCount: seen.attributes.size,
    events: [...seen.events].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count),
    more: seen.hasMore,
  }
}

function reported(
  attributes: ReadonlyMap<string, SeenAttribute>,
  from: ReportedAttribute['from'],
): readonly ReportedAttribute[] {
  return [...attributes]
    .map(([key, { spans, types, examples }]) => ({ key, from, spans, types: [...types].sort(), examples }))
    .sort((a, b) => b.spans - a.spans || (a.key < b.key ? -1 : 1))
}
