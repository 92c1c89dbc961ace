import { isMap, isScalar, type Node, type Scalar } from 'yaml'
import type { SourceRange } from '../../errors.ts'
import { entriesOf, isMissingNode, itemsOf, rangeOf, startOfNode, textEntry } from '../../rules/read/pack-nodes.ts'
import { rangeIn } from '../../rules/read/source.ts'
import { nearest } from '../../rules/read/suggest.ts'
import { offsetsOfScalar } from '../../rules/read/yaml-offsets.ts'
import type { Matcher } from '../routing/matcher.ts'
import { readMatcher } from '../routing/read-matcher.ts'
import type { NotifyRoute } from '../routing/routes.ts'
import { forNotify, type NotifyFile, refuse } from './problem.ts'

/** What a route needs to know of a receiver: undefined for one whose settings have problems. */
export type KnownReceivers = ReadonlyMap<string, { readonly pages: boolean } | undefined>

/** A route and where it is written; the first character of the file for the one that is there without being written. */
export interface PlacedRoute extends NotifyRoute {
  readonly range: SourceRange
}

type Entries = ReadonlyMap<string, Node>

const ROUTE_KEYS = ['when', 'otherwise', 'to', 'updates', 'ended']

/** Reads the routes; without any, every receiver is notified of every incident. */
export function readRoutes(
  file: NotifyFile,
  list: Node | undefined,
  receivers: KnownReceivers,
): readonly PlacedRoute[] {
  if (list === undefined || isMissingNode(list)) {
    return [
      {
        when: 'otherwise',
        to: [...receivers.keys()],
        updates: true,
        ended: true,
        range: rangeIn(file.nodes.source, 0, 1),
      },
    ]
  }
  const items = itemsOf(file.nodes, list)
  const hint = 'write routes: and below it one item a route, such as - { otherwise: true, to: oncall }'
  if (items === undefined || items.length === 0) {
    return refuse(file, list, 'malformed-route', 'routes are a list', hint) ?? []
  }
  const routes = items.flatMap((item) => readRoute(file, item, receivers) ?? [])
  for (const { range } of routes.filter(({ when }) => when === 'otherwise').slice(1)) {
    const hint = 'name all receivers in one of them'
    file.report({ code: 'malformed-route', message: 'two routes take what is left', hint, range })
  }
  return routes
}

function readRoute(file: NotifyFile, item: Node, receivers: KnownReceivers): PlacedRoute | undefined {
  if (!isMap(item)) return refuse(file, item, 'malformed-route', 'a route is a map', 'write when and to')
  const entries = entriesOf(file.nodes, item, ROUTE_KEYS, forNotify(file.report))
  const when = readWhen(file, item, entries)
  const to = readReceivers(file, item, entries, receivers)
  const updates = readFlag(file, entries, 'updates') ?? true
  const ended = readFlag(file, entries, 'ended') ?? true
  if (!ended) reportWithheldEnds(file, entries.get('ended'), to, receivers)
  return when && { when, to, updates, ended, range: startOfNode(file.nodes, item) }
}

/** A pager that is never told the end keeps its alert open, and pages on. */
function reportWithheldEnds(
  file: NotifyFile,
  node: Node | undefined,
  to: readonly string[],
  receivers: KnownReceivers,
): void {
  const pager = to.find((name) => receivers.get(name)?.pages === true)
  if (pager === undefined) return
  const message = `without ends ${pager} would keep its alerts open for ever`
  refuse(file, node, 'malformed-route', message, `leave ended out, or give ${pager} a route of its own`)
}

function readWhen(file: NotifyFile, item: Node, entries: Entries): NotifyRoute['when'] | undefined {
  const otherwise = readFlag(file, entries, 'otherwise')
  if (otherwise === true && !entries.has('when')) return 'otherwise'
  if (otherwise !== undefined) {
    const message = otherwise ? 'a route has either when or otherwise' : 'otherwise is true or left out'
    return refuse(file, entries.get('otherwise'), 'malformed-route', message, 'remove one of them')
  }
  if (isMissingNode(entries.get('when'))) {
    const hint = 'add when: "severity == critical", or otherwise: true for what no other route takes'
    file.report({
      code: 'malformed-route',
      message: 'the route does not say what it takes',
      hint,
      range: startOfNode(file.nodes, item),
    })
    return undefined
  }
  return matcherEntry(file, entries, 'when')
}

/** The matcher under a key; undefined where it is missing, or has problems, which are reported. */
export function matcherEntry(file: NotifyFile, entries: Entries, key: string): Matcher | undefined {
  const scalar = textEntry(file.nodes, entries, key, forNotify(file.report))
  if (scalar === undefined) return undefined
  const { matcher, problems } = readMatcher(matcherSource(file, scalar))
  for (const problem of problems) file.report(problem)
  return matcher
}

function matcherSource({ nodes }: NotifyFile, scalar: Scalar<string>) {
  const offsets = offsetsOfScalar(nodes.source.text, scalar)
  const last = offsets.at(-1) ?? 0
  return { text: scalar.value, positionAt: (offset: number) => nodes.source.positionAt(offsets[offset] ?? last) }
}

function readReceivers(file: NotifyFile, item: Node, entries: Entries, receivers: KnownReceivers): readonly string[] {
  const node = entries.get('to')
  const hint = 'add to: and the names of receivers'
  if (node === undefined || isMissingNode(node)) {
    const range = startOfNode(file.nodes, item)
    file.report({ code: 'malformed-route', message: 'the route tells nobody', hint, range })
    return []
  }
  const names = itemsOf(file.nodes, node) ?? [node]
  if (names.length === 0) return refuse(file, node, 'malformed-route', 'the route tells nobody', hint) ?? []
  return names.flatMap((name) => knownReceiver(file, name, receivers) ?? [])
}

function knownReceiver(file: NotifyFile, node: Node, receivers: KnownReceivers): string | undefined {
  const name = isScalar(node) ? String(node.value) : ''
  if (receivers.has(name)) return name
  const meant = nearest(name, receivers.keys())
  const hint = meant === undefined ? 'name one that stands below receivers:' : `did you mean ${meant}?`
  return refuse(file, node, 'unknown-receiver', `no receiver is named "${name}"`, hint)
}

/** True or false under a key; undefined where it is left out, or is neither, which is reported. */
export function readFlag(file: NotifyFile, entries: Entries, key: string): boolean | undefined {
  const node = entries.get(key)
  if (node === undefined) return undefined
  if (isScalar(node) && typeof node.value === 'boolean') return node.value
  const range = rangeOf(file.nodes, node)
  file.report({ code: 'malformed-notify', message: `${key} is true or false`, hint: `write ${key}: true`, range })
  return undefined
}
