import type { Problem, SourceRange } from '../../errors.ts'
import { doubtsAbout, type MatcherWarning } from '../routing/doubtful-matcher.ts'
import type { PlacedMute } from './read-mutes.ts'
import type { WrittenReceiver } from './read-receivers.ts'
import type { PlacedRoute } from './read-routes.ts'

/** What in a file is probably not meant; the file is used all the same. */
export interface NotifyWarning extends Problem<MatcherWarning['code'] | 'unused-receiver' | 'ended-mute'> {
  readonly hint: string
  readonly range: SourceRange
}

interface Parts {
  readonly receivers: readonly WrittenReceiver[]
  readonly routes: readonly PlacedRoute[]
  readonly mutes: readonly PlacedMute[]
}

/** Looks for what is probably not meant, by place. */
export function warningsAbout({ receivers, routes, mutes }: Parts, nowMs: number): readonly NotifyWarning[] {
  const told = new Set(routes.flatMap(({ to }) => to))
  const unused = receivers.filter(({ name }) => !told.has(name))
  const ended = mutes.filter(({ untilMs }) => untilMs <= nowMs)
  const warnings: readonly NotifyWarning[] = [
    ...unused.map(({ name, nameRange: range }) => {
      return warning('unused-receiver', `no route tells ${name}`, 'name it in a route, or remove it', range)
    }),
    ...ended.map(({ range }) => warning('ended-mute', 'this mute has ended', 'remove it', range)),
    ...[...routes, ...mutes].flatMap(({ when }) =>
      typeof when === 'string' ? [] : doubtsAbout(when, when.filter.range),
    ),
  ]
  return warnings.toSorted((left, right) => left.range.start.offset - right.range.start.offset)
}

function warning(code: NotifyWarning['code'], message: string, hint: string, range: SourceRange): NotifyWarning {
  return { code, message, hint, range }
}
