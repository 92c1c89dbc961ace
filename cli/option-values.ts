import { InvalidArgumentError } from 'commander'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `5s`, `2m`, `1h` in milliseconds; a bare number would leave the unit open. */
export function parseDurationMs(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? []
  if (digits === undefined || unit === undefined)
    throw new InvalidArgumentError('Write a duration as 500ms, 5s, 2m or 1h.')
  return Math.round(Number(digits) * (UNIT_MS[unit] ?? 1))
}

/** A TCP port; 0 lets the system choose a free one. */
export function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError('Write a port from 0 to 65535.')
  return port
}

/** An http or https URL. */
export function parseUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? '')) {
    throw new InvalidArgumentError('Write a URL that begins with http:// or https://.')
  }
  return text
}

/** An option that may be given several times. */
export function repeatable<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before) => [...(before ?? []), parse(text)]
}
