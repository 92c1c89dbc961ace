import {
  type ApiRequest,
  type ApiResponse,
  allowOnly,
  answerBy,
  json,
  pathPart,
  refuseUnlessJson,
} from '../../pipeline/api-message.ts'
import type { Clock, Metrics } from '../../pipeline/ports.ts'
import { incidentId, type StoredIncident } from '../incident.ts'
import { namedFileMute } from '../mutes/stored-mute.ts'
import { type IncidentDesk, LISTED_STATES, type ListedState } from './desk.ts'
import { type IncidentErrorCode, incidentError } from './errors.ts'
import { readPostedEnd, readPostedMute } from './posted.ts'
import { detailOf, listOf } from './read-incidents.ts'
import { fileMuteView, muteView } from './views.ts'

export interface IncidentApiDeps {
  readonly desk: IncidentDesk
  readonly clock: Clock
  readonly metrics: Metrics
  readonly newMuteId: () => string
  /** The CloudEvents source, which matchers may ask for. */
  readonly source: string
  /** Told of a store that failed; the client gets 503. */
  readonly onStorageFailure: (error: unknown) => void
}

const INCIDENT_PATHS = { incidents: '/v1/incidents', mutes: '/v1/mutes' } as const
const DOCS = 'docs/reference/incidents.md'

export function isIncidentPath(path: string): boolean {
  return Object.values(INCIDENT_PATHS).some((root) => path === root || path.startsWith(`${root}/`))
}

/** Answers a request about incidents or mutes; bad input with 4xx, a failing store with 503. Throws nothing but bugs. */
export function answerIncidents(request: ApiRequest, deps: IncidentApiDeps): Promise<ApiResponse> {
  const { metrics, onStorageFailure } = deps
  const route = request.path.startsWith(INCIDENT_PATHS.mutes) ? routeMutes : routeIncidents
  return answerBy(() => route(request, deps), {
    metrics,
    onStorageFailure,
    statuses: STATUSES,
    stored: 'the incidents',
  })
}

const STATUSES: Readonly<Partial<Record<IncidentErrorCode, number>>> = {
  'no-such-incident': 404,
  'no-such-mute': 404,
  'ambiguous-incident': 409,
  'not-open': 409,
  'mute-of-file': 409,
  'too-many-mutes': 409,
}

const isRead = ({ method }: ApiRequest) => method === 'GET' || method === 'HEAD'

async function routeIncidents(request: ApiRequest, deps: IncidentApiDeps): Promise<ApiResponse> {
  const [id, action, ...more] = partsBelow(INCIDENT_PATHS.incidents, request.path)
  if (more.length > 0 || (action !== undefined && action !== 'resolve')) throw noSuchPath(request.path)
  if (action === 'resolve') {
    return request.method === 'POST' ? resolve(id ?? '', request, deps) : allowOnly('POST', DOCS)
  }
  if (!isRead(request)) return allowOnly('GET, HEAD', DOCS)
  if (id === undefined) return list(request.query, deps)
  return json(200, await detailOf(await incidentNamed(id, deps.desk), deps))
}

const DEFAULT_LISTED = 100
const MAX_LISTED = 500

async function list(query: URLSearchParams, deps: IncidentApiDeps): Promise<ApiResponse> {
  const state = query.get('state') ?? 'open'
  if (!isListedState(state)) {
    throw incidentError('bad-query', 'this state is not known', `ask for ${LISTED_STATES.join(', ')}`)
  }
  const limit = limitOf(query.get('limit'))
  const found = await deps.desk.list(state, limit + 1)
  return json(200, { incidents: await listOf(found.slice(0, limit), deps), more: found.length > limit })
}

function isListedState(text: string): text is ListedState {
  return (LISTED_STATES as readonly string[]).includes(text)
}

function limitOf(text: string | null): number {
  const limit = text === null ? DEFAULT_LISTED : /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LISTED) return limit
  throw incidentError('bad-query', 'limit is out of range', `give a whole number from 1 to ${MAX_LISTED}`)
}

const LIST_HINT = 'GET /v1/incidents?state=all, or betrace incidents list --state all, shows those there are'

/** By its id, its key, or the first digits of it. */
async function incidentNamed(id: string, desk: IncidentDesk): Promise<StoredIncident> {
  const [, prefix, episode] = /^([0-9a-f]{1,32})(?:\.([1-9]\d{0,8}))?$/i.exec(id) ?? []
  const found = prefix === undefined ? [] : await desk.keyed(prefix.toLowerCase(), 2)
  const [incident, other] = found
  const shown = JSON.stringify(id.slice(0, 64))
  if (incident === undefined) throw incidentError('no-such-incident', `no incident has the id ${shown}`, LIST_HINT)
  if (other !== undefined) {
    throw incidentError('ambiguous-incident', `several incidents have ids that begin with ${shown}`, 'give more of it')
  }
  const { key, head } = incident
  if (episode === undefined || Number(episode) === head.episode) return incident
  const hint = `its last one is ${incidentId(key, head.episode)}`
  throw incidentError('no-such-incident', `only the last episode of an incident is kept, not ${shown}`, hint)
}

async function resolve(id: string, request: ApiRequest, deps: IncidentApiDeps): Promise<ApiResponse> {
  const refused = refuseUnlessJson(request)
  if (refused !== undefined) return refused
  const hand = readPostedEnd(request.body)
  const { key, head } = await incidentNamed(id, deps.desk)
  if (!(await deps.desk.endByHand(key, hand))) {
    const message = `${incidentId(key, head.episode)} is not open`
    throw incidentError('not-open', message, 'GET /v1/incidents, or betrace incidents list, shows those that are')
  }
  const ended = await deps.desk.keyed(key, 1)
  return json(200, (await listOf(ended, deps))[0])
}

async function routeMutes(request: ApiRequest, deps: IncidentApiDeps): Promise<ApiResponse> {
  const [id, ...more] = partsBelow(INCIDENT_PATHS.mutes, request.path)
  if (more.length > 0) throw noSuchPath(request.path)
  if (id !== undefined) return request.method === 'DELETE' ? removeMute(id, deps) : allowOnly('DELETE', DOCS)
  if (request.method === 'POST') return addMute(request, deps)
  return isRead(request) ? listMutes(deps) : allowOnly('GET, HEAD, POST', DOCS)
}

async function listMutes({ desk, clock }: IncidentApiDeps): Promise<ApiResponse> {
  const nowMs = clock()
  const made = await desk.mutes(MAX_LISTED + 1)
  const ofFile = (await desk.config()).mutes.map((mute) => fileMuteView(namedFileMute(mute), nowMs))
  const views = [...ofFile, ...made.map((mute) => muteView(mute, nowMs))]
  return json(200, { mutes: views.slice(0, MAX_LISTED), more: views.length > MAX_LISTED })
}

/** Each is asked of each incident, whenever somebody looks at one. */
const MAX_ACTIVE_MUTES = 200

async function addMute(request: ApiRequest, { desk, clock, newMuteId }: IncidentApiDeps): Promise<ApiResponse> {
  const refused = refuseUnlessJson(request)
  if (refused !== undefined) return refused
  const mute = readPostedMute(request.body, { nowMs: clock(), id: newMuteId() })
  if ((await desk.activeMutes(clock())).length >= MAX_ACTIVE_MUTES) {
    const hint = 'remove some, or hold back more with one: rule in [A, B]'
    throw incidentError('too-many-mutes', `there are ${MAX_ACTIVE_MUTES} mutes already`, hint)
  }
  await desk.addMute(mute)
  return json(201, muteView(mute, clock()))
}

async function removeMute(id: string, { desk, clock }: IncidentApiDeps): Promise<ApiResponse> {
  const ofFile = (await desk.config()).mutes.map((mute) => namedFileMute(mute).id)
  const shown = JSON.stringify(id.slice(0, 64))
  if (ofFile.includes(id)) {
    throw incidentError('mute-of-file', `the mute ${shown} is written in the file of receivers`, 'remove it there')
  }
  const removed = await desk.removeMute(id, clock())
  if (removed !== undefined) return json(200, muteView(removed, clock()))
  const message = (await desk.readMute(id)) === undefined ? `no mute has the id ${shown}` : `${shown} has ended already`
  throw incidentError('no-such-mute', message, 'GET /v1/mutes, or betrace mute list, shows those there are')
}

/** What is below a path, part by part. */
function partsBelow(root: string, path: string): readonly string[] {
  const parts = path.slice(root.length + 1).split('/')
  return parts.map(pathPart).filter((part, at) => part !== '' || at < parts.length - 1)
}

function noSuchPath(path: string) {
  const shown = JSON.stringify(path.slice(0, 128))
  return incidentError('no-such-incident', `nothing is at ${shown}`, `see ${DOCS}`)
}
