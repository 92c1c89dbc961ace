import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackOutputs } from '../../shared/aws/admin/stack-outputs.ts'
import { type StackProbe, stackProbe } from '../../shared/aws/admin/stack-probe.ts'
import { dynamoClient, s3Client, secretsClient, sqsClient } from '../../shared/aws/clients.ts'
import { readGeneratedKey } from '../../shared/aws/keys/key-secret.ts'
import { readCurrentSet } from '../../shared/aws/rules/rule-sets.ts'
import { openTail, type SignalTail } from '../../shared/aws/signals/signal-tail.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { visible } from '../../shared/text/visible.ts'
import { type ExitCode, paint, type Terminal } from '../terminal.ts'
import { topicOf } from './signals.ts'
import { outputsOf, type StackChoice } from './stack-option.ts'

export interface DoctorOptions extends StackChoice {
  readonly timeout: number
  readonly apiKey?: string
}

const RULE = 'BETRACE_DOCTOR_PROBE'
const SPAN_NAME = 'betrace.doctor.probe'
const POLL_MS = 500
/** A stored chunk can be read at once; more would be a fault. */
const STORED_WITHIN_MS = 5_000
const REQUEST_MS = 30_000

/** A hop does not work; the text says what was found and what to do. */
class FailedHop extends Error {
  override readonly name = 'FailedHop'
}

/** What the hops share. */
interface Examination {
  readonly outputs: StackOutputs
  readonly probe: StackProbe
  readonly tail: SignalTail
  readonly traceId: string
  readonly options: DoctorOptions
  readonly stop: AbortSignal
}

/** A hop: its name, and what is done to see that it works; returns what to say, throws FailedHop. */
type Hop = readonly [name: string, look: (examined: Examination) => Promise<string>]

const HOPS: readonly Hop[] = [
  ['rule', findRule],
  ['gateway', refuseWithoutKey],
  ['ingest', send],
  ['table', findStored],
  ['timer and evaluator', findJudged],
  ['topic', findSignal],
]

/** Goes through the hops from first to last and stops at the first that does not work. */
export async function examine(options: DoctorOptions, terminal: Terminal): Promise<ExitCode> {
  const stop = AbortSignal.any([terminal.interrupted(), AbortSignal.timeout(options.timeout)])
  const startedMs = performance.now()
  const outputs = await outputsOf(options)
  const tail = await openTail(await topicOf(options.stack, outputs.signalTopic), { signal: [RULE] })
  try {
    const traceId = randomBytes(16).toString('hex')
    terminal.stdout.write(`examining ${visible(options.stack)} with trace ${traceId}\n`)
    const examined = { outputs, probe: probeOf(outputs), tail, traceId, options, stop }
    for (const hop of HOPS) if (!(await passes(hop, examined, terminal))) return 1
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    terminal.stdout.write(
      `${paint(terminal.stdout, 'green', '✓')} every hop works: span to signal, ${seconds} s in all\n`,
    )
    return 0
  } finally {
    await tail.close()
  }
}

async function passes([name, look]: Hop, examined: Examination, terminal: Terminal): Promise<boolean> {
  const { stdout } = terminal
  const startedMs = performance.now()
  const line = (mark: string, text: string) =>
    stdout.write(`  ${mark} ${name.padEnd(20)} ${Math.round(performance.now() - startedMs)} ms  ${visible(text)}\n`)
  try {
    line(paint(stdout, 'green', '✓'), await look(examined))
    return true
  } catch (failure) {
    if (!(failure instanceof FailedHop || failure instanceof StorageError)) throw failure
    line(paint(stdout, 'red', '✗'), failure.message)
    return false
  }
}

function probeOf({ table, timersUrl, deadLettersUrl }: StackOutputs): StackProbe {
  const dynamo = { client: dynamoClient(), name: table, backoff: PATIENT }
  return stackProbe({ table: dynamo, sqs: sqsClient(), timersUrl, deadLettersUrl, clock: Date.now })
}

async function findRule({ outputs }: Examination): Promise<string> {
  const { id, files } = await readCurrentSet({ client: s3Client(), name: outputs.rulesBucket })
  const { rules, problems, more } = checkRules(files)
  if (!rules.some(({ name }) => name === RULE)) {
    throw new FailedHop(`${RULE} is not in force: deploy with the pack "doctor", or push rules/doctor.rules`)
  }
  return `set ${id.slice(0, 12)}, ${rules.length} rules in force, ${problems.length + more.count} problems`
}

async function refuseWithoutKey(examined: Examination): Promise<string> {
  const { status } = await post(examined, undefined)
  if (status === 401) return 'refuses a request without a key'
  throw new FailedHop(`answers ${status} to a request without a key, which must be 401: deploy the stack again`)
}

async function send(examined: Examination): Promise<string> {
  const { apiKey } = examined.options
  const key = apiKey ?? (await readGeneratedKey({ client: secretsClient(), id: examined.outputs.keySecret }))
  if (key === undefined) {
    throw new FailedHop('the generated key was revoked: betrace keys add, then set it as BETRACE_API_KEY')
  }
  const { status, text } = await post(examined, key)
  if (status === 200) return 'takes the key, stored the span'
  const advice = status === 401 ? 'the key is not known; a new one takes a minute' : 'see docs/runbook.md'
  throw new FailedHop(`answers ${status} ${text.slice(0, 200)}: ${advice}`)
}

async function findStored({ probe, traceId, stop }: Examination): Promise<string> {
  const found = await until(
    () => probe.isStored(traceId),
    AbortSignal.any([stop, AbortSignal.timeout(STORED_WITHIN_MS)]),
  )
  if (found) return 'holds the chunk'
  throw new FailedHop('ingest said 200 but the chunk is not there: is this the table of this stack?')
}

async function findJudged({ probe, traceId, stop }: Examination): Promise<string> {
  const judged = await until(() => probe.isJudged(traceId), stop)
  const { waiting, due, inWork, deadLetters } = await probe.queueDepths()
  const queues = `timers: ${waiting} waiting, ${due} due, ${inWork} in work; ${deadLetters} dead letters`
  if (judged) return `judged the trace (${queues})`
  throw new FailedHop(`gave no verdict in time (${queues}): see the logs of timer and evaluator`)
}

async function findSignal({ tail, traceId, stop }: Examination): Promise<string> {
  for (;;) {
    const texts = await tail.receive(stop)
    if (texts.some((text) => text.includes(traceId))) return `sent the signal ${RULE}`
    if (stop.aborted)
      throw new FailedHop('sent no signal in time: see "Signals cannot be published" in docs/runbook.md')
  }
}

async function until(holds: () => Promise<boolean>, stop: AbortSignal): Promise<boolean> {
  for (;;) {
    if (await holds()) return true
    if (stop.aborted) return false
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined)
  }
}

async function post({ outputs, traceId }: Examination, key: string | undefined) {
  const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'x-api-key': key }) }
  try {
    const response = await fetch(`${outputs.ingestUrl}/v1/traces`, {
      method: 'POST',
      headers,
      body: probeRequest(traceId),
      // Followed, a redirect would take the key to whatever it points to.
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_MS),
    })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    const { message, cause } = error as Error
    throw new FailedHop(`${outputs.ingestUrl} cannot be reached: ${cause instanceof Error ? cause.message : message}`)
  }
}

/** One root span, so that the trace is complete and waits no longer than the quiet period. */
function probeRequest(traceId: string): string {
  const endNano = BigInt(Date.now()) * 1_000_000n
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name: SPAN_NAME,
    kind: 1,
    startTimeUnixNano: String(endNano - 1_000_000n),
    endTimeUnixNano: String(endNano),
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'betrace-doctor' } }] }
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })
}
