import { createHash } from 'node:crypto'

/** The keys that are known in all cases. */
export const KNOWN_KEY = 'The-Known-Key-of-a-client-0123456789'
export const SECOND_KEY = 'The-Second-Key-that-is-known-9876543'

/** A request by its headers as they stand on the wire, and whether it may come in. */
export interface KeyCase {
  readonly what: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly passes: boolean
  /** Where Node's parser refuses the request before we see it. */
  readonly statusOfServer?: number
}

const digest = createHash('sha256').update(KNOWN_KEY).digest()
const flipped = (text: string) => text.replace(/[a-z]/gi, (one) => (one < 'a' ? one.toLowerCase() : one.toUpperCase()))
const passes = (what: string, ...headers: KeyCase['headers']): KeyCase => ({ what, headers, passes: true })
const refused = (what: string, ...headers: KeyCase['headers']): KeyCase => ({ what, headers, passes: false })
const key = (value: string) => ['x-api-key', value] as const
const credentials = (value: string) => ['authorization', value] as const

/** Asked of the authorizer of a deployed stack and of a server with `--api-key`. */
export const KEY_CASES: readonly KeyCase[] = [
  passes('x-api-key', key(KNOWN_KEY)),
  passes('the other key', key(SECOND_KEY)),
  passes('X-Api-Key, however it is spelt', ['X-Api-KEY', KNOWN_KEY]),
  passes('a bearer', credentials(`Bearer ${KNOWN_KEY}`)),
  passes('a bearer in small letters, after several spaces', credentials(`bearer   ${KNOWN_KEY}`)),
  passes('x-api-key beside credentials for somebody else', key(KNOWN_KEY), credentials('Basic dXNlcjpwYXNz')),
  refused('nothing'),
  refused('an empty key', key('')),
  refused('an empty key, which hides no good bearer', key(''), credentials(`Bearer ${KNOWN_KEY}`)),
  refused('a wrong key, which hides no good bearer', key('wrong'), credentials(`Bearer ${KNOWN_KEY}`)),
  refused('a wrong key', key('The-Unknown-Key-of-a-client-012345678')),
  refused('a key cut short', key(KNOWN_KEY.slice(0, -1))),
  refused('the end of a key', key(KNOWN_KEY.slice(1))),
  refused('the first letter of a key', key(KNOWN_KEY.slice(0, 1))),
  refused('a key and more', key(`${KNOWN_KEY}0`)),
  refused('more and a key', key(`0${KNOWN_KEY}`)),
  refused('two keys as one', key(`${KNOWN_KEY}${SECOND_KEY}`)),
  refused('two keys as a list', key(`${KNOWN_KEY}, ${SECOND_KEY}`)),
  refused('a key in quotes', key(`"${KNOWN_KEY}"`)),
  refused('a key in other case', key(flipped(KNOWN_KEY))),
  refused('a key encoded as in a URL', key(KNOWN_KEY.replaceAll('-', '%2D'))),
  refused('a key in base64', key(Buffer.from(KNOWN_KEY).toString('base64'))),
  refused('a key with a letter that looks the same', key(KNOWN_KEY.replace('e', 'е'))),
  refused('a key after a mark of byte order', key(`\ufeff${KNOWN_KEY}`)),
  { ...refused('a key and NUL', key(`${KNOWN_KEY}\0`)), statusOfServer: 400 },
  { ...refused('a key and a line break', key(`${KNOWN_KEY}\rx: y`)), statusOfServer: 400 },
  { ...refused('100 KB', key('k'.repeat(100 * 1024))), statusOfServer: 431 },
  { ...refused('a key and 100 KB', key(KNOWN_KEY.padEnd(100 * 1024, 'k'))), statusOfServer: 431 },
  refused('the digest of a key, which the secret holds', key(digest.toString('hex'))),
  refused('the digest of a key in base64', key(digest.toString('base64'))),
  refused('the name of a key', key('ci')),
  refused('the name of the generated key', key('generated')),
  refused('a pattern', key('.*')),
  refused('the word undefined', key('undefined')),
  refused('a key twice', key(KNOWN_KEY), key(KNOWN_KEY)),
  refused('a wrong key before a good one', key('wrong'), key(KNOWN_KEY)),
  refused('a wrong key after a good one', key(KNOWN_KEY), key('wrong')),
  refused('a bearer twice', credentials(`Bearer ${KNOWN_KEY}`), credentials(`Bearer ${KNOWN_KEY}`)),
  refused('a wrong bearer before a good one', credentials('Bearer wrong'), credentials(`Bearer ${KNOWN_KEY}`)),
  refused('a good bearer before a wrong one', credentials(`Bearer ${KNOWN_KEY}`), credentials('Bearer wrong')),
  refused('a key without its scheme', credentials(KNOWN_KEY)),
  refused('a scheme without a key', credentials('Bearer')),
  refused('a scheme and spaces', credentials('Bearer      ')),
  refused('a scheme run into its key', credentials(`Bearer${KNOWN_KEY}`)),
  refused('another scheme', credentials(`Basic ${KNOWN_KEY}`)),
  refused('a scheme that begins like ours', credentials(`BearerX ${KNOWN_KEY}`)),
  refused('a scheme that ends like ours', credentials(`XBearer ${KNOWN_KEY}`)),
  refused('two keys after the scheme', credentials(`Bearer ${KNOWN_KEY} ${SECOND_KEY}`)),
  refused('a bearer as the header of the key', key(`Bearer ${KNOWN_KEY}`)),
  refused('a header that only sounds alike', ['x-api-keys', KNOWN_KEY], ['api-key', KNOWN_KEY]),
  refused('credentials for a proxy', ['proxy-authorization', `Bearer ${KNOWN_KEY}`]),
  refused('a cookie', ['cookie', `x-api-key=${KNOWN_KEY}`]),
]
