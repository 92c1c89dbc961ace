import type { Trace } from './span.ts'

/** When the last span ended, or started where its clock was set back; nanoseconds since 1970. */
export function lastEndOf({ spans }: Pick<Trace, 'spans'>): bigint {
  let last = 0n
  for (const { startUnixNano, endUnixNano } of spans) {
    if (startUnixNano > last) last = startUnixNano
    if (endUnixNano > last) last = endUnixNano
  }
  return last
}
