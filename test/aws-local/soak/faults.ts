import { Random } from '../../pipeline/model/random.ts'
import type { Answer, Call, Fate } from './proxy.ts'

/*
 * Which faults happen, and how often. A fault falls on a call by the seed, by what is called on which trace and by how many such
 * calls there were, so that the same seed injects the same faults wherever threads happen to run first.
 */

/** Everything the soak injects. The first group happens to single calls, the second to invocations, the third to deliveries. */
export const FAULT_KINDS = [
  'throttled',
  'unprocessed items',
  'transaction conflict',
  'server error',
  'slow down',
  'part of a batch failed',
  'call lost',
  'answer lost',
  'never answered',
  'message doubled',
  'trace too hot',
  'permission missing',
  'killed half-way',
  'outlived its lease',
  'delivered twice at once',
  'delivered again',
  'messages shuffled',
  'stream records shuffled',
  'stream batch repeated',
  'messages made dead letters',
  'stream records given up',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export type Counts = Map<string, number>

export function count(counts: Counts, what: string, amount = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + amount)
}

/** Random numbers of their own for anything that a text names. */
export function randomFor(seed: number, text: string): Random {
  let hash = 2_166_136_261 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619)
  return new Random(hash ^ (hash >>> 15))
}

/** Traces on which something is wrong for a while. */
export interface Afflicted {
  /** Get more writes than their partition takes. */
  readonly hot: Set<string>
  /** May not be read: somebody took a permission away. */
  readonly denied: Set<string>
}

interface Chance {
  readonly kind: FaultKind
  readonly probability: number
  readonly on: (call: Call) => boolean
  readonly fate: (call: Call, random: Random) => Fate
}

const dynamo = ({ service }: Call) => service === 'dynamodb'
const batches = ({ action }: Call) => /BatchWriteItem|SendMessageBatch|PublishBatch/.test(action)
/** At least the first is left. */
const inPart = (_: Call, random: Random): Fate => {
  let items = 0
  return { does: 'serve in part', takes: () => items++ > 0 && random.chance(0.5) }
}

const CHANCES: readonly Chance[] = [
  { kind: 'throttled', probability: 0.02, on: dynamo, fate: () => refused(throttling()) },
  {
    kind: 'unprocessed items',
    probability: 0.2,
    on: ({ action }) => action === 'BatchWriteItem',
    fate: inPart,
  },
  {
    kind: 'transaction conflict',
    probability: 0.01,
    on: ({ action }) => action === 'UpdateItem',
    fate: () => refused(dynamoError('TransactionConflictException')),
  },
  { kind: 'server error', probability: 0.02, on: () => true, fate: (call) => refused(serverError(call)) },
  { kind: 'slow down', probability: 0.1, on: ({ service }) => service === 's3', fate: () => refused(slowDown()) },
  {
    kind: 'part of a batch failed',
    probability: 0.06,
    on: (call) => batches(call) && !dynamo(call),
    fate: inPart,
  },
  { kind: 'call lost', probability: 0.015, on: () => true, fate: () => ({ does: 'lose' }) },
  { kind: 'answer lost', probability: 0.02, on: () => true, fate: () => ({ does: 'lose the answer' }) },
  { kind: 'never answered', probability: 0.0025, on: () => true, fate: () => ({ does: 'stay silent' }) },
  {
    kind: 'message doubled',
    probability: 0.05,
    on: ({ action }) => action === 'SendMessageBatch',
    fate: () => ({ does: 'serve twice' }),
  },
]

/** The fault of a call because of its trace: it wins over everything else, as it is not random. */
export function fateOfAfflicted(call: Call, { hot, denied }: Afflicted, counts: Counts): Fate | undefined {
  if (call.action === 'Query' && denied.has(call.subject)) {
    count(counts, 'permission missing')
    return refused(dynamoError('AccessDeniedException'))
  }
  if (call.action !== 'BatchWriteItem' || hot.size === 0) return undefined
  const isHot = (text: string) => (text.match(TRACE_KEYS) ?? []).some((key) => hot.has(key.slice(-33, -1)))
  if (!isHot(call.body.toString('latin1'))) return undefined
  count(counts, 'trace too hot')
  return { does: 'serve in part', takes: (item) => !isHot(item) }
}

const TRACE_KEYS = /"trace":\{"S":"[0-9a-f]{32}"/g

/** Decides what becomes of each call, and counts it. */
export function fateOfCalls(seed: number, counts: Counts): (call: Call) => Fate {
  const calls = new Map<string, number>()
  return (call) => {
    const { action, subject } = call
    const name = `${action} ${subject}`
    const number = (calls.get(name) ?? 0) + 1
    calls.set(name, number)
    const random = randomFor(seed, `${name} ${number}`)
    for (const { kind, probability, on, fate } of CHANCES) {
      if (!on(call) || !random.chance(probability)) continue
      count(counts, kind)
      return fate(call, random)
    }
    return { does: 'serve' }
  }
}

function refused(answer: Answer): Fate {
  return { does: 'refuse', answer }
}

/** What DynamoDB answers where it takes nothing of a request now. */
export function throttling(): Answer {
  return dynamoError('ProvisionedThroughputExceededException')
}

function dynamoError(name: string, status = 400): Answer {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'injected' })
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body }
}

function serverError({ service }: Call): Answer {
  if (service === 'dynamodb') return dynamoError('InternalServerError', 500)
  if (service === 'sqs') {
    const body = JSON.stringify({ __type: 'com.amazonaws.sqs#ServiceUnavailable', message: 'injected' })
    return { status: 503, headers: { 'content-type': 'application/x-amz-json-1.0' }, body }
  }
  const error = '<Code>InternalError</Code><Message>injected</Message>'
  if (service === 'sns') return xml(500, `<ErrorResponse><Error><Type>Receiver</Type>${error}</Error></ErrorResponse>`)
  return xml(500, `<Error>${error}</Error>`)
}

function slowDown(): Answer {
  return xml(503, '<Error><Code>SlowDown</Code><Message>injected</Message></Error>')
}

function xml(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'application/xml' }, body }
}
