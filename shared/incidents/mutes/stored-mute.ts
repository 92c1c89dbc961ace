import type { PlacedMute } from '../notify/read-mutes.ts'
import type { Mute } from '../routing/mutes.ts'
import { readMatcher } from '../routing/read-matcher.ts'
import { matcherLine } from './matcher-line.ts'

/** A mute that somebody made through the API. */
export interface StoredMute {
  readonly id: string
  /** Its matcher as written; without one it holds back everything. */
  readonly when?: string
  readonly untilMs: number
  readonly madeMs: number
  readonly why: string
  readonly by?: string
  /** When somebody removed it before its end, which is then this time. */
  readonly removedMs?: number
}

/** A mute as receivers' rows name it. */
export interface NamedMute extends Mute {
  readonly id: string
}

/** The mute with its matcher; undefined where this release cannot read that: rather too many are notified than nobody. */
export function readStoredMute({ id, when, untilMs, why, by }: StoredMute): NamedMute | undefined {
  const matcher = when === undefined ? 'everything' : readMatcher(matcherLine(when)).matcher
  return matcher && { id, when: matcher, untilMs, why, ...(by !== undefined && { by }) }
}

/** The mutes of the file of receivers and those made through the API, as one list. */
export function allMutes(ofFile: readonly PlacedMute[], stored: readonly NamedMute[]): readonly NamedMute[] {
  return [...ofFile.map(namedFileMute), ...stored]
}

/** A mute of the file of receivers, named by the line on which it begins. */
export function namedFileMute(mute: PlacedMute): NamedMute {
  return { ...mute, id: `notify.yaml:${mute.range.start.line}` }
}
