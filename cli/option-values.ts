import { InvalidArgumentError } from 'commander'
import { CommandError } from './command-error.ts'

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

/** A whole number from 1 on. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count < 1 || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Write a whole number from 1 on.')
  return count
}

/** An http or https URL; without a user and password, with which nothing can be asked for. */
export function parseUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError('Write a URL that begins with http:// or https://.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('Write no user or password into a URL; send them in a header.')
  }
  return text
}

/** A key as a client sends it. */
export function parseKey(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new InvalidArgumentError('A key has no spaces, line breaks or letters beyond ASCII.')
  return text
}

/**
 * An option whose value may be secret: where it is wrong, that is said without the value, which the library would show
 * on the screen and in the logs of whatever started the command.
 */
export function unshown<T>(option: string, parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error
      throw new CommandError(`the value given for ${option} cannot be used`, error.message)
    }
  }
}

/** An option that may be given several times. */
export function repeatable<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before) => [...(before ?? []), parse(text)]
}
