import { InvalidArgumentError } from 'commander'
import { isKeyPattern } from '../shared/catalogue/key-pattern.ts'
import { isWebhookSecret } from '../shared/incidents/webhook-signature.ts'
import { CommandError } from './command-error.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `5s`, `2m`, `1h`, `90d` in milliseconds; a bare number would leave the unit open. */
export function parseDurationMs(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  if (digits === undefined || unit === undefined)
    throw new InvalidArgumentError('Write a duration as 500ms, 5s, 2m, 1h or 90d.')
  return Math.round(Number(digits) * (UNIT_MS[unit] ?? 1))
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  ...{ MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 },
}
/** Less would be full before a trace is judged. */
const LEAST_BYTES = 10e6

/** `500MB`, `16GB`, `2GiB` in bytes, at least 10 MB. */
export function parseBytes(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([MGT]i?B)$/.exec(text.trim()) ?? []
  const bytes = Math.round(Number(digits) * (UNIT_BYTES[unit ?? ''] ?? Number.NaN))
  if (!(bytes >= LEAST_BYTES && Number.isSafeInteger(bytes))) {
    throw new InvalidArgumentError('Write a size of at least 10MB as 500MB, 16GB or 2GiB.')
  }
  return bytes
}

/** `RULE=0.5%`: a rule and the share of its traces that may break it, as a number up to 1. */
export function parseTolerance(text: string): readonly [rule: string, share: number] {
  const [, rule = '', percent = ''] = /^([A-Za-z][\w-]*)=(\d{1,3}(?:\.\d{1,6})?)\s?%$/.exec(text.trim()) ?? []
  const share = Number(percent) / 100
  if (rule === '' || !(share > 0 && share <= 1)) {
    throw new InvalidArgumentError('Write a rule and a share above 0 % as RETRY_LIMIT_EXCEEDED=0.5%.')
  }
  return [rule, share]
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

/** Keys of attributes, or patterns of them, separated by commas or spaces. */
export function parseKeyPatterns(text: string): readonly string[] {
  const patterns = text.split(/[\s,]+/).filter((pattern) => pattern !== '')
  if (patterns.length === 0 || !patterns.every(isKeyPattern)) {
    throw new InvalidArgumentError('Write keys of at most 200 characters, or patterns of them, as user.*,order.email.')
  }
  return patterns
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
export function parseApiKey(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new InvalidArgumentError('A key has no spaces, line breaks or letters beyond ASCII.')
  return text
}

/** Secrets of webhooks, separated by commas or spaces: in the environment there may be several. */
export function parseWebhookSecrets(text: string): readonly string[] {
  const secrets = text.split(/[\s,]+/).filter((secret) => secret !== '')
  if (secrets.length === 0 || !secrets.every(isWebhookSecret)) {
    throw new InvalidArgumentError(
      'Write whsec_ and 24 to 64 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"',
    )
  }
  return secrets
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
