import { describe, expect, test } from 'vitest'
import { InputError } from '../../../shared/errors.ts'
import { REQUEST_LIMITS } from '../../../shared/otlp/limits.ts'
import { readBody } from '../../../shared/otlp/read-body.ts'
import { HOSTILE_BODIES } from './bodies.ts'

const BYTES = 1024 * 1024
/** A body of this size takes about 50 ms; what is not linear takes minutes. */
const MOST_MS = 5_000

/** How many spans it has, or the code it is refused with. */
function readOrRefused(body: Buffer, format: 'json' | 'protobuf'): number | string {
  try {
    return readBody(body, { format, encoding: 'identity' }, REQUEST_LIMITS).spanCount
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
}

describe.each(HOSTILE_BODIES)('a body of 1 MB ($name)', ({ format, make }) => {
  test('is read, or refused with a code, in time', () => {
    const body = make(BYTES)
    expect(body.length).toBeLessThanOrEqual(BYTES)
    const startMs = performance.now()
    expect(readOrRefused(body, format)).toSatisfy((outcome) => outcome !== '')
    expect(performance.now() - startMs).toBeLessThan(MOST_MS)
  })
})

test('every body is another', () => {
  const names = HOSTILE_BODIES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
