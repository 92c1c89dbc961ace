import { expect, test } from 'vitest'
import { storageFailure } from '../../shared/aws/aws-failure.ts'

/** As an SDK throws what a service answered. */
const answered = (name: string, httpStatusCode: number) => ({ name, $metadata: { httpStatusCode } })
const codeOf = (cause: unknown) => {
  const { code, transient } = storageFailure('write to the table', cause)
  return [code, transient]
}

test.each([
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
  ['TransactionConflictException', 400],
  ['TransactionInProgressException', 400],
  ['ReplicatedWriteConflictException', 400],
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
  ['RequestTimeout', 400],
  ['OperationAborted', 409],
])('%s passes by itself, although its status is %i', (name, status) => {
  expect(codeOf(answered(name, status))).toEqual(['unavailable', true])
})

test('a service that asks for patience, fails or does not answer may serve the same call later', () => {
  expect(codeOf(answered('ProvisionedThroughputExceededException', 400))).toEqual(['throttled', true])
  expect(codeOf(answered('SlowDown', 503))).toEqual(['throttled', true])
  expect(codeOf(answered('InternalServerError', 500))).toEqual(['unavailable', true])
  expect(codeOf(new Error('socket hang up'))).toEqual(['unavailable', true])
})

test('a request that AWS refuses is for a person to look at', () => {
  expect(codeOf(answered('AccessDeniedException', 400))).toEqual(['denied', false])
  expect(codeOf(answered('ValidationException', 400))).toEqual(['denied', false])
})
