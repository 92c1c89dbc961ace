import { isMap, type Node } from 'yaml'
import type { SourceRange } from '../../errors.ts'
import { entriesOf, isMissingNode, itemsOf, startOfNode, textEntry } from '../../rules/read/pack-nodes.ts'
import { MAX_MUTE_MS, type Mute, matchesEverything } from '../routing/mutes.ts'
import { forNotify, type NotifyFile, refuse } from './problem.ts'
import { matcherEntry, readFlag } from './read-routes.ts'

const MUTE_KEYS = ['when', 'until', 'why', 'by', 'all']
const REQUIRED: Readonly<Record<string, string>> = {
  until: 'add until: 2026-12-01T08:00:00Z, at most 30 days from now',
  why: 'add why: and the reason, for whoever wonders about the silence',
}

/** A mute and where it is written. */
export interface PlacedMute extends Mute {
  readonly range: SourceRange
}

/** Reads the mutes. */
export function readMutes(file: NotifyFile, list: Node | undefined, nowMs: number): readonly PlacedMute[] {
  if (list === undefined || isMissingNode(list)) return []
  const items = itemsOf(file.nodes, list)
  const hint = 'write mutes: and below it one item a mute'
  if (items === undefined) return refuse(file, list, 'malformed-mute', 'mutes are a list', hint) ?? []
  return items.flatMap((item) => readMute(file, item, nowMs) ?? [])
}

function readMute(file: NotifyFile, item: Node, nowMs: number): PlacedMute | undefined {
  if (!isMap(item)) return refuse(file, item, 'malformed-mute', 'a mute is a map', 'write when, until and why')
  const entries = entriesOf(file.nodes, item, MUTE_KEYS, forNotify(file.report))
  for (const [key, hint] of Object.entries(REQUIRED)) {
    if (!isMissingNode(entries.get(key))) continue
    const range = startOfNode(file.nodes, item)
    file.report({ code: 'malformed-mute', message: `the mute has no ${key}`, hint, range })
  }
  const when = readWhen(file, item, entries)
  const untilMs = readUntil(file, entries, nowMs)
  const why = textEntry(file.nodes, entries, 'why', forNotify(file.report))?.value.trim()
  const by = textEntry(file.nodes, entries, 'by', forNotify(file.report))?.value.trim()
  if (when === undefined || untilMs === undefined || why === undefined) return undefined
  return { when, untilMs, why, ...(by !== undefined && { by }), range: startOfNode(file.nodes, item) }
}

type Entries = ReadonlyMap<string, Node>

function readWhen(file: NotifyFile, item: Node, entries: Entries): Mute['when'] | undefined {
  const isForAll = readFlag(file, entries, 'all') === true
  if (isMissingNode(entries.get('when'))) {
    if (isForAll) return 'everything'
    const hint = 'add when: "rule == NAME", or all: true to hold back everything'
    const range = startOfNode(file.nodes, item)
    file.report({ code: 'malformed-mute', message: 'the mute does not say what it holds back', hint, range })
    return undefined
  }
  const matcher = matcherEntry(file, entries, 'when')
  if (matcher === undefined || isForAll || !matchesEverything(matcher)) return matcher
  const hint = 'add all: true if that is meant'
  return refuse(file, entries.get('when'), 'malformed-mute', 'this holds back nearly everything', hint)
}

/** A time with its zone, since a file is read in more than one place. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

/** Milliseconds since 1970 of a time with its zone; undefined for anything else. */
export function zonedTimeMs(written: string): number | undefined {
  const ms = TIME.test(written) ? Date.parse(written) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

function readUntil(file: NotifyFile, entries: Entries, nowMs: number): number | undefined {
  const scalar = textEntry(file.nodes, entries, 'until', forNotify(file.report))
  if (scalar === undefined) return undefined
  const written = scalar.value.trim()
  const untilMs = zonedTimeMs(written)
  if (untilMs === undefined) {
    const hint = 'write 2026-12-01T08:00:00Z, or +01:00 in place of the Z'
    return refuse(file, scalar, 'malformed-mute', `"${written}" is not a time with its zone`, hint)
  }
  if (untilMs <= nowMs + MAX_MUTE_MS) return untilMs
  const last = new Date(nowMs + MAX_MUTE_MS).toISOString().replace(/\.\d+Z$/, 'Z')
  return refuse(file, scalar, 'malformed-mute', 'a mute ends within 30 days', `write ${last} or earlier`)
}
