/** Parts of keys whose values are credentials. */
const SECRET =
  /(?:^|[._-])(?:authorization|cookies?|set[._-]cookie|passwords?|passwd|pwd|passphrase|secrets?|tokens?|credentials?|api[._-]?keys?|access[._-]?keys?|private[._-]?keys?|sessions?|session[._-]?id)$/i
/** Counts of tokens are no secrets. */
const COUNTED = /(?:^|[._-])(?:usage|max|input|output|prompt|completion|count|total)[._-](?:[\w-]*[._-])?tokens?$/i

/** Whether the values of an attribute are probably credentials: no catalogue repeats them. */
export function isSecretKey(key: string): boolean {
  const dotted = key.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1.$2')
  return SECRET.test(dotted) && !COUNTED.test(dotted)
}
