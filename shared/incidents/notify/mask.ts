/** A shorter value may be part of any text, and cannot be a secret. */
const MIN_LENGTH = 4
const MASK = '****'

/** Makes a function that hides values in a text, also as JSON, as a URL and in base64 hold them. */
export function maskOf(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets
    .filter((secret) => secret.length >= MIN_LENGTH)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret.toWellFormed()),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ])
  // The longest first: one secret may be the beginning of another.
  const ordered = [...new Set(spellings)].toSorted((one, other) => other.length - one.length)
  return (text) => ordered.reduce((shown, secret) => shown.replaceAll(secret, MASK), text)
}
