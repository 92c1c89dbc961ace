import { writeFileSync } from 'node:fs'
import * as stable from '@opentelemetry/semantic-conventions'
import * as incubating from '@opentelemetry/semantic-conventions/incubating'

/*
 * Writes a NEW version of the word list that primes the compression of chunks: npm run dictionary -- 2
 * Lists that shipped never change, because stored chunks can be read only with the list they were written with.
 */

/** Rarest first: deflate spells words near the end of its dictionary with the fewest bits. */
const KEY_NAMESPACES = [
  ...['mcp', 'graphql', 'openai', 'session', 'log', 'tls', 'feature_flag', 'cloudevents', 'geo', 'aspnetcore'],
  ...['webengine', 'browser', 'device', 'aws', 'faas', 'gcp', 'azure', 'rabbitmq', 'messaging', 'gen_ai'],
  ...['os', 'host', 'cloud', 'container', 'k8s', 'process', 'enduser', 'user', 'thread', 'code', 'otel', 'error'],
  ...['exception', 'rpc', 'peer', 'db', 'user_agent', 'client', 'net', 'server', 'network', 'url', 'http'],
  ...['deployment', 'service', 'telemetry'],
]
/** The enumerated values of these attributes, rarest first. */
const VALUES_OF = [
  ...['CLOUD_PROVIDER', 'CLOUD_PLATFORM', 'OS_TYPE', 'HOST_ARCH', 'FAAS_TRIGGER', 'MESSAGING_OPERATION_TYPE'],
  ...['MESSAGING_SYSTEM', 'GEN_AI_OPERATION_NAME', 'RPC_SYSTEM_NAME', 'RPC_SYSTEM', 'DB_SYSTEM', 'DB_SYSTEM_NAME'],
  ...['NETWORK_TYPE', 'NETWORK_TRANSPORT', 'DEPLOYMENT_ENVIRONMENT_NAME', 'HTTP_REQUEST_METHOD'],
  'TELEMETRY_SDK_LANGUAGE',
]
const BUDGET_BYTES = 16 * 1024
/** Tag and length before a key and the tag after it; two tags and two lengths before a value. */
const KEY_FRAME_BYTES = 3
const VALUE_FRAME_BYTES = 4

type Constants = readonly (readonly [string, unknown])[]

function constantsOf(module: object): Constants {
  return Object.entries(module)
}

function attributeKeys(constants: Constants): readonly string[] {
  const named = constants.filter(([name]) => /^(ATTR|SEMATTRS|SEMRESATTRS)_/.test(name))
  const keys = [...new Set(named.map(([, value]) => String(value)))].sort()
  const isIn = (key: string, namespace: string) => key === namespace || key.startsWith(`${namespace}.`)
  return KEY_NAMESPACES.flatMap((namespace) => keys.filter((key) => isIn(key, namespace)))
}

function attributeValues(constants: Constants): readonly string[] {
  const found = VALUES_OF.flatMap((attribute) =>
    constants.filter(([name]) => name.startsWith(`${attribute}_VALUE_`)).map(([, value]) => String(value)),
  )
  return [...new Set([...found, 'http', 'https', '1.1', '2', 'opentelemetry'])].filter((value) => !value.includes(' '))
}

/** Keeps the end of the list, which is the likelier part. */
function withinBudget(words: readonly string[], frameBytes: number, budgetBytes: number): readonly string[] {
  let left = budgetBytes
  const kept: string[] = []
  for (const word of words.toReversed()) {
    left -= word.length + frameBytes
    if (left < 0) break
    kept.unshift(word)
  }
  return kept
}

function totalBytes(words: readonly string[], frameBytes: number): number {
  return words.reduce((sum, word) => sum + word.length + frameBytes, 0)
}

function wrapped(words: readonly string[]): string {
  const lines: string[] = ['']
  for (const word of words) {
    const line = lines.at(-1) ?? ''
    if (line.length + word.length > 117) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n')
}

const version = Number(process.argv[2])
if (!Number.isInteger(version) || version < 1 || version > 255) throw new Error('give the new version: 1 to 255')
const constants = [...constantsOf(incubating), ...constantsOf(stable)]
const values = attributeValues(constants)
const keys = withinBudget(
  attributeKeys(constants),
  KEY_FRAME_BYTES,
  BUDGET_BYTES - totalBytes(values, VALUE_FRAME_BYTES),
)
const text = `/** OpenTelemetry's attribute values and keys, rarest first. Never edit: stored chunks are read with this very list. */
export const VALUES_${version} = \`
${wrapped(values)}
\`

export const KEYS_${version} = \`
${wrapped(keys)}
\`
`
writeFileSync(new URL(`version-${version}.ts`, import.meta.url), text, { flag: 'wx' })
