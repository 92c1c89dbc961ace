import type { RequestEnd, Send } from './receivers/receiver.ts'

/** An answer is read so far; what receivers say is short. */
const MAX_ANSWER_BYTES = 64 * 1024

interface HttpSendOptions {
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

/**
 * Sends requests by HTTP. Redirects are not followed: they would take keys elsewhere. A failure is `unsure` unless it is
 * known that the request never reached a server.
 */
export function httpSend({ fetch, timeoutMs }: HttpSendOptions): Send {
  return async (request) => {
    if (request.kind !== 'http') return { failure: `requests to ${request.kind} are sent on AWS alone`, unsure: false }
    const { method, url, headers, body } = request
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, { method, headers, body, redirect: 'manual', signal })
      const retryAfter = response.headers.get('retry-after')
      const answer = await answerText(response)
      return { status: response.status, body: answer, ...(retryAfter !== null && { retryAfter }) }
    } catch (error) {
      return fetchFailureOf(error, timeoutMs)
    }
  }
}

/** As much of an answer as came; its status is known, and says what became of the request. */
async function answerText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let left = MAX_ANSWER_BYTES
  try {
    for await (const part of body ?? []) {
      parts.push(part.subarray(0, left))
      left -= part.length
      if (left <= 0) break
    }
  } catch {
    // The connection was lost, or the time was over, in the middle of the answer.
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Errors that come before a request is sent: no connection, no name, no trust. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_\w+|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|ERR_INVALID_URL|ENOTPUBLIC)$/

/** What `fetch` says of addresses that it never connects to. */
const REFUSED_BY_FETCH = /^(?:bad port|unknown scheme)$/

/** What happened is in the cause; what else `fetch` throws may show the request, which holds keys. */
export function fetchFailureOf(error: unknown, timeoutMs: number): Extract<RequestEnd, { failure: string }> {
  const { name, cause } = error as Error
  if (name === 'TimeoutError') return { failure: `no answer within ${timeoutMs} ms`, unsure: true }
  const { code, message } = (cause ?? {}) as { readonly code?: string; readonly message?: string }
  const failure = code ?? message ?? 'the request cannot be sent'
  // Without a cause `fetch` did not even try.
  return { failure, unsure: cause !== undefined && !NEVER_SENT.test(code ?? '') && !REFUSED_BY_FETCH.test(failure) }
}
