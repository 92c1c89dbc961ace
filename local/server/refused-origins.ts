import type { Log } from '../../shared/pipeline/ports.ts'

/** Whoever asks chooses the origin: more of them would only fill the log. */
const MAX_ORIGINS = 20
const MAX_LENGTH = 200

/** Says once of each origin, and of 20 at most, that its pages asked whether they may send spans, and what allows it. */
export function refusedOrigins(log: Log): (origin: string) => void {
  const said = new Set<string>()
  return (origin) => {
    const shown = origin.slice(0, MAX_LENGTH)
    if (said.has(shown) || said.size >= MAX_ORIGINS) return
    said.add(shown)
    log('warn', 'pages of an origin that is not allowed want to send spans; allow it with --cors ORIGIN', {
      origin: shown,
    })
  }
}
