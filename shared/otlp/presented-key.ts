/** All values of each header of a request, by lower-case name. */
export type HeaderValues = Readonly<Record<string, readonly string[] | undefined>>

/**
 * The API key that a request brings as `x-api-key`, else as `Authorization: Bearer`. A header that is there twice
 * brings none: servers differ in which of the two they see, and what one has checked another might not.
 */
export function presentedKey(headers: HeaderValues): string | undefined {
  const keys = headers['x-api-key'] ?? []
  if (keys.length > 0) return keys.length === 1 ? keys[0] : undefined
  const credentials = headers.authorization ?? []
  return credentials.length === 1 ? /^bearer +(\S+) *$/i.exec(credentials[0] ?? '')?.[1] : undefined
}
