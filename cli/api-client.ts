import { Option } from 'commander'
import type { ExperimentDetail } from '../shared/experiments/api.ts'
import { CommandError } from './command-error.ts'
import { parseApiKey, parseUrl, unshown } from './option-values.ts'
import { generatedKey } from './stack/keys.ts'
import { outputsOf } from './stack/stack-option.ts'

/** Which server to ask. */
interface ServerChoice {
  readonly url: string
  readonly apiKey?: string
}

/** Which BeTrace to ask: a server, or a deployed stack. */
export interface ApiChoice extends ServerChoice {
  readonly stack?: string
}

/** Asks for JSON; throws a CommandError that says what to do. */
export interface ApiClient {
  get<Body>(path: string): Promise<Body>
  post<Body>(path: string, body: unknown): Promise<Body>
  delete<Body>(path: string): Promise<Body>
}

/** The options that say which BeTrace to ask. */
export function apiOptions(): readonly Option[] {
  return [
    new Option('-u, --url <url>', 'the server, as serve prints it')
      .env('BETRACE_URL')
      .argParser(unshown('--url', parseUrl))
      .default('http://127.0.0.1:4318'),
    new Option('--api-key <key>', 'the key it asks for')
      .env('BETRACE_API_KEY')
      .argParser(unshown('--api-key', parseApiKey)),
    new Option('-s, --stack <name>', 'a deployed stack instead of a server').env('BETRACE_STACK'),
  ]
}

const TIMEOUT_MS = 30_000

/** Opens a client; a stack's address and key come from its outputs and its secret unless they are given. */
export async function openApi(choice: ApiChoice, fetchFn: typeof fetch = fetch): Promise<ApiClient> {
  const { stack, apiKey } = choice
  return clientOf(stack === undefined ? choice : await ofStack(stack, apiKey), fetchFn)
}

function clientOf({ url, apiKey }: ServerChoice, fetchFn: typeof fetch): ApiClient {
  const headers = apiKey === undefined ? {} : { 'x-api-key': apiKey }
  const ask = async (path: string, init: RequestInit) => {
    try {
      // Followed, a redirect would take the key to whatever it points to.
      const sent = { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) } as const
      return await fetchFn(`${url.replace(/\/$/, '')}${path}`, sent)
    } catch (error) {
      throw unreachable(url, error)
    }
  }
  return {
    async get<Body>(path: string) {
      return (await read(await ask(path, { headers }), url)) as Body
    },
    async post<Body>(path: string, body: unknown) {
      const sent = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
      return (await read(await ask(path, { ...sent, body: JSON.stringify(body) }), url)) as Body
    },
    async delete<Body>(path: string) {
      return (await read(await ask(path, { method: 'DELETE', headers }), url)) as Body
    },
  }
}

/** One experiment, with its verdict as far as there is one. */
export function readExperiment(api: ApiClient, id: string): Promise<ExperimentDetail> {
  return api.get<ExperimentDetail>(`/v1/experiments/${encodeURIComponent(id)}`)
}

async function ofStack(stack: string, apiKey: string | undefined): Promise<ServerChoice> {
  const { ingestUrl, keySecret } = await outputsOf({ stack })
  return { url: ingestUrl, apiKey: apiKey ?? (await generatedKey(keySecret)) }
}

async function read(response: Response, url: string): Promise<unknown> {
  return answeredBody({ status: response.status, text: await response.text() }, url)
}

/** What an answer holds; throws a CommandError where it says why it holds nothing. `place`: who answered. */
export function answeredBody(
  { status, text }: { readonly status: number; readonly text: string },
  place: string,
): unknown {
  const body = parsedOrUndefined(text)
  if (status >= 200 && status < 300 && body !== undefined) return body
  const { error, message } = (body ?? {}) as { error?: { message?: string; hint?: string }; message?: string }
  const said = error?.message ?? message ?? `${place} answered ${status}`
  const hint = status === 401 ? 'set BETRACE_API_KEY, or give --api-key' : error?.hint
  throw new CommandError(said, hint ?? 'is this the address of a BeTrace of this release?')
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreachable(url: string, error: unknown): CommandError {
  const { cause, message } = error as Error
  const { code } = (cause ?? {}) as { code?: string }
  return new CommandError(
    `cannot reach ${url}: ${code ?? message}`,
    `start one with betrace serve, or name the right one with --url, or a deployed stack with --stack`,
  )
}
