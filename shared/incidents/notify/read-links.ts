import { isMap, isScalar, type Node } from 'yaml'
import { InputError } from '../../errors.ts'
import { entriesOf } from '../../rules/read/pack-nodes.ts'
import { type TraceLink, traceLink } from '../links.ts'
import { forNotify, type NotifyFile, refuse } from './problem.ts'
import { childrenOf } from './settings.ts'

/** Reads `links:`; undefined where it makes none, or has problems. */
export function readLinks(file: NotifyFile, links: Node | undefined): TraceLink | undefined {
  if (links === undefined) return undefined
  const hint = 'write links: and below it trace: "https://…/{traceId}"'
  if (!isMap(links)) return refuse(file, links, 'malformed-link', 'links are a map', hint)
  const trace = entriesOf(file.nodes, links, ['trace'], forNotify(file.report)).get('trace')
  if (trace === undefined) return undefined
  try {
    return traceLink(settingOf(file, trace))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return refuse(file, trace, 'malformed-link', error.message, error.hint ?? hint)
  }
}

function settingOf(file: NotifyFile, trace: Node): Parameters<typeof traceLink>[0] {
  if (isScalar(trace)) return String(trace.value)
  return Object.fromEntries(
    childrenOf(file.nodes, trace).map(({ key, value }) => {
      const given = isScalar(value) ? value.value : ''
      return [key, typeof given === 'boolean' ? given : String(given ?? '')]
    }),
  )
}
