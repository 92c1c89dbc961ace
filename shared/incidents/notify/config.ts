import type { TraceLink } from '../links.ts'
import type { Receiver } from '../receivers/receiver.ts'
import type { PlacedMute } from './read-mutes.ts'
import type { PlacedRoute } from './read-routes.ts'

/** Who is notified of incidents, how, and which are muted. */
export interface NotifyConfig {
  readonly receivers: ReadonlyMap<string, Receiver>
  readonly routes: readonly PlacedRoute[]
  readonly mutes: readonly PlacedMute[]
  /** Makes links to traces; undefined where the file does not say where people look at them. */
  readonly traceLink: TraceLink | undefined
}

/** Gives the configuration that holds now: the last one without problems. */
export interface NotifyConfigSource {
  current(): NotifyConfig
}
