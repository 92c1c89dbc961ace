import {
  type ApiRequest,
  type ApiResponse,
  allowOnly,
  answerBy,
  json,
  pathPart,
  refuseUnlessJson,
} from '../pipeline/api-message.ts'
import { type Experiment, type ExperimentWindow, eventKey, foldExperiment, windowOf } from '../pipeline/experiment.ts'
import type { CalendarSettings } from '../pipeline/experiment-calendar.ts'
import { experimentsBetween } from '../pipeline/experiment-calendar.ts'
import type { ExperimentStore } from '../pipeline/experiment-store.ts'
import type { ExperimentVerdict } from '../pipeline/experiment-verdict.ts'
import type { Clock, Metrics } from '../pipeline/ports.ts'
import { parseTime } from '../replay/range.ts'
import { type ExperimentErrorCode, experimentError } from './errors.ts'
import { type FiringSource, healthOf } from './health.ts'
import { readExperimentEvent } from './read-event.ts'

export interface ApiDeps {
  readonly experiments: ExperimentStore
  readonly firing: FiringSource
  readonly settings: CalendarSettings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly newId: () => string
  /** Told of a store that failed; the client gets 503. */
  readonly onStorageFailure: (error: unknown) => void
}

/** A body is one event: no more than a webhook sends. */
export const MAX_EVENT_BYTES = 64 * 1024

const API_PATHS = { experiments: '/v1/experiments', health: '/v1/invariants/health' } as const

export function isExperimentPath(path: string): boolean {
  return path === API_PATHS.health || path === API_PATHS.experiments || path.startsWith(`${API_PATHS.experiments}/`)
}

/** An experiment as the API shows it; times are RFC 3339, UTC. */
export interface ExperimentView {
  readonly id: string
  readonly name: string
  readonly source: Experiment['source']
  /** `start-unknown`: only its end was reported so far. `abandoned`: its end was never reported, and the longest time is over. */
  readonly state: ExperimentWindow['state'] | 'start-unknown'
  readonly start: string | null
  readonly end: string | null
  /** What is judged, `to` exclusive; `to` of a window without an end is when it is given up. */
  readonly window: { readonly from: string; readonly to: string; readonly cut: boolean } | null
  readonly labels: Readonly<Record<string, string>>
  readonly services: readonly string[]
  readonly rules: readonly string[]
  /** By rule: the share of its traces that may break it. */
  readonly tolerate: Readonly<Record<string, number>>
  /** How long before its window the one begins that it is compared with; null: right before it. */
  readonly baselineAgoMs: number | null
  readonly outcome: string | null
  readonly clockSkew: boolean
}

export interface ExperimentDetail extends ExperimentView {
  /** Null until the traces of the window have gone quiet; `revision` grows with each. */
  readonly verdict: (ExperimentVerdict & { readonly revision: number }) | null
}

/** Answers a request about experiments or stop conditions; bad input with 4xx, a failing store with 503. Throws nothing but bugs. */
export function answerApi(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const { metrics, onStorageFailure } = deps
  return answerBy(() => route(request, deps), {
    metrics,
    onStorageFailure,
    statuses: STATUSES,
    stored: 'the experiments',
  })
}

const STATUSES: Readonly<Partial<Record<ExperimentErrorCode, number>>> = {
  'no-such-experiment': 404,
  'too-many-events': 409,
}

const PAGE = 'docs/chaos.md'

async function route(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const { method, path } = request
  const isRead = method === 'GET' || method === 'HEAD'
  if (path === API_PATHS.health)
    return isRead ? healthOf(request.query, deps.firing, deps.clock()) : allowOnly('GET, HEAD', PAGE)
  if (path === API_PATHS.experiments) {
    if (method === 'POST') return receive(request, deps)
    return isRead ? list(request.query, deps) : allowOnly('GET, HEAD, POST', PAGE)
  }
  if (!isRead) return allowOnly('GET, HEAD', PAGE)
  return show(pathPart(path.slice(API_PATHS.experiments.length + 1)), deps)
}

/** Distinct things that can be said of one experiment. */
const MAX_EVENTS = 200

async function receive(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const refused = refuseUnlessJson(request)
  if (refused !== undefined) return refused
  const event = readExperimentEvent(request.body, { nowMs: deps.clock(), newId: deps.newId })
  const known = await deps.experiments.eventsOf(event.experiment)
  const isKnown = known.some((other) => eventKey(other) === eventKey(event))
  if (known.length >= MAX_EVENTS && !isKnown) {
    const message = `${event.experiment} has ${MAX_EVENTS} events already`
    throw experimentError('too-many-events', message, 'give each experiment an id of its own')
  }
  await deps.experiments.append(event)
  const experiment = foldExperiment([...known, event]) as Experiment
  return json(isKnown ? 200 : 202, viewOf(experiment, deps))
}

const MAX_LISTED = 500

async function list(query: URLSearchParams, deps: ApiDeps): Promise<ApiResponse> {
  const nowMs = deps.clock()
  const toMs = parseTime('to', query.get('to') ?? 'now', nowMs)
  const fromMs = parseTime('from', query.get('from') ?? '-7d', nowMs)
  const { maxExperimentMs } = deps.settings
  if (toMs - fromMs > MAX_DAYS * 86_400_000) {
    throw experimentError('bad-query', `the range is longer than ${MAX_DAYS} days`, 'list it in several requests')
  }
  const found = await experimentsBetween(deps.experiments, fromMs, toMs + 1, maxExperimentMs)
  const views = found
    .map((experiment) => viewOf(experiment, deps))
    .filter(({ window }) => {
      return window === null || (Date.parse(window.from) <= toMs && Date.parse(window.to) > fromMs)
    })
  const newest = views.sort((a, b) => ((a.start ?? a.end ?? '') < (b.start ?? b.end ?? '') ? 1 : -1))
  return json(200, { experiments: newest.slice(0, MAX_LISTED), more: Math.max(0, newest.length - MAX_LISTED) })
}

const MAX_DAYS = 92

async function show(id: string, deps: ApiDeps): Promise<ApiResponse> {
  const experiment = foldExperiment(await deps.experiments.eventsOf(id))
  if (experiment === undefined) {
    const hint = 'GET /v1/experiments, or betrace experiment list, shows those of the last days'
    throw experimentError('no-such-experiment', `no experiment has the id ${JSON.stringify(id.slice(0, 128))}`, hint)
  }
  const kept = await deps.experiments.readVerdict(id)
  const verdict = kept === undefined ? null : { revision: kept.sequence, ...kept.verdict }
  const detail: ExperimentDetail = { ...viewOf(experiment, deps), verdict }
  return json(200, detail)
}

function viewOf(experiment: Experiment, { clock, settings }: Pick<ApiDeps, 'clock' | 'settings'>): ExperimentView {
  const { id, name, source, startMs, endMs, labels, services, rules, tolerate, outcome, clockSkew } = experiment
  const window = windowOf(experiment, clock(), settings.maxExperimentMs)
  return {
    id,
    name,
    source,
    state: window?.state ?? 'start-unknown',
    start: isoOrNull(startMs),
    end: isoOrNull(endMs),
    window: window === undefined ? null : { from: iso(window.fromMs), to: iso(window.toMs), cut: window.cut },
    labels,
    services,
    rules,
    tolerate,
    baselineAgoMs: experiment.baselineAgoMs ?? null,
    outcome: outcome ?? null,
    clockSkew,
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : iso(ms)
}
