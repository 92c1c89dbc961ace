import type { Evaluator } from './evaluator.ts'

/** Runs work done under a lease; if it fails the lease is given back, so that the next attempt need not wait for its end. */
export async function releasedOnError<Result>(
  evaluator: Evaluator,
  traceId: string,
  token: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await evaluator.buffer.release(traceId, token).catch((releaseError: unknown) => {
      evaluator.log('warn', 'lease not released; it ends at its time', { traceId, error: String(releaseError) })
    })
    throw error
  }
}
