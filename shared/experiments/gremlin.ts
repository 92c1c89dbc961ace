import * as v from 'valibot'
import type { ExperimentEvent } from '../pipeline/experiment.ts'
import { experimentError } from './errors.ts'
import { DETAILS, defined, parsed, timeMs, word } from './fields.ts'

/*
 * Gremlin's webhooks (https://www.gremlin.com/docs/platform-integrations-webhooks) send what their template says, with
 * tokens replaced. The keys below are those of Gremlin's own template; those of a scenario's run are Gremlin's API's.
 */
const payload = v.object({
  attackId: v.optional(word),
  attackType: v.optional(word),
  attackStatus: v.optional(word),
  scenarioId: v.optional(word),
  scenarioName: v.optional(word),
  runNumber: v.optional(v.union([word, v.number()])),
  status: v.optional(word),
  stage: v.optional(word),
  teamId: v.optional(word),
  source: v.optional(word),
  time: v.optional(v.union([word, v.number()])),
  ...DETAILS,
})

type Payload = v.InferOutput<typeof payload>

const HINT = 'paste the template for Gremlin webhooks in docs/chaos.md'

export function isGremlinPayload(posted: object): boolean {
  return 'attackId' in posted || 'scenarioId' in posted
}

/** Reads the webhook of an attack (the experiment is the attack), or of a scenario (the experiment is its run). */
export function gremlinEvent(posted: object, nowMs: number): ExperimentEvent {
  const unreplaced = Object.entries(posted).find(([, value]) => typeof value === 'string' && /\$\{\w*\}/.test(value))
  if (unreplaced !== undefined) {
    const message = `${unreplaced[0]} is still ${unreplaced[1]}: Gremlin knows no such token`
    throw experimentError('token-not-replaced', message, HINT)
  }
  const said = parsed(payload, posted, HINT)
  const kind = kindOf(said)
  const atMs = said.time === undefined ? undefined : timeMs(said.time)
  return {
    experiment: idOf(said),
    kind,
    // An experiment is not lost for a time in an undocumented form: it was received just now.
    ...defined({ atMs }),
    receivedAtMs: nowMs,
    source: 'gremlin',
    name: said.name ?? said.scenarioName ?? said.attackType ?? idOf(said),
    labels: labelsOf(said),
    ...defined({
      services: said.services,
      rules: said.rules,
      tolerate: said.tolerate,
      baselineAgoMs: said.baseline,
    }),
    ...(kind === 'ended' ? defined({ outcome: said.stage ?? statusOf(said) }) : {}),
  }
}

/** Only what an id may hold; Gremlin's own are UUIDs. */
function idOf({ attackId, scenarioId, runNumber }: Payload): string {
  const plain = (text: string) => text.replace(/[^\w.:-]/g, '-').slice(0, 60)
  if (attackId !== undefined) return `gremlin-${plain(attackId)}`
  const run = runNumber === undefined ? '' : `-${plain(String(runNumber))}`
  return `gremlin-scenario-${plain(scenarioId ?? '')}${run}`
}

function statusOf({ attackStatus, status, stage }: Payload): string | undefined {
  return attackStatus ?? status ?? stage
}

/** The events of attacks, and stages that Gremlin's API gives to attacks and runs of scenarios, in lower case. */
const KINDS: ReadonlyMap<string, ExperimentEvent['kind']> = new Map<string, ExperimentEvent['kind']>([
  ['initialized', 'declared'],
  ['initializing', 'declared'],
  ['pending', 'declared'],
  ['notstarted', 'noted'],
  ['running', 'started'],
  ['active', 'started'],
  ['finished', 'ended'],
  ['successful', 'ended'],
  ['succeeded', 'ended'],
  ['completed', 'ended'],
  ['failed', 'ended'],
  ['halted', 'ended'],
  ['userhalted', 'ended'],
  ['haltrequested', 'noted'],
])

function kindOf(said: Payload): ExperimentEvent['kind'] {
  const status = statusOf(said)
  if (status === undefined) {
    throw experimentError('bad-experiment', 'attackStatus is missing: did it begin or end?', HINT)
  }
  const kind = KINDS.get(status.toLowerCase().replace(/[^a-z]/g, ''))
  if (kind !== undefined) return kind
  const known = 'Initialized, Running and Finished'
  throw experimentError('unknown-status', `nothing is known of the status ${JSON.stringify(status)}`, `send ${known}`)
}

/** What tells the attack apart for people; not what changes while it runs. */
function labelsOf({ labels, teamId, attackType, scenarioId, scenarioName, source }: Payload): Record<string, string> {
  const own = { team: teamId, attack: attackType, scenario: scenarioName ?? scenarioId, startedBy: source }
  return { ...defined(own), ...labels } as Record<string, string>
}
