import { expect, test } from 'vitest'
import { shapeOfName, siblingsOfName } from '../../shared/catalogue/name-shape.ts'

test.each([
  ['GET /users/4711', 'GET /users/*'],
  ['GET /users/4711/orders/17', 'GET /users/*/orders/*'],
  ['GET /v1/users/0b8f7a2e-3c4d-4e5f-8a9b-0c1d2e3f4a5b', 'GET /v1/users/*'],
  ['order-2025-10-01', 'order-*'],
  ['fetch a81f00c2', 'fetch *'],
  ['payment.charge', 'payment.charge'],
  ['GET /v2/s3/http2', 'GET /v2/s3/http2'],
  ['GET /users/{id}', 'GET /users/{id}'],
  ['', ''],
])('the shape of %j is %j', (name, shape) => {
  expect(shapeOfName(name)).toBe(shape)
  expect(shapeOfName(shape)).toBe(shape)
})

test.each([
  ['GET /users/alice', 'GET /users/*'],
  ['payment.charge', 'payment.*'],
  ['one', '*'],
  ['GET /', 'GET /*'],
])('the siblings of %j are %j', (name, pattern) => expect(siblingsOfName(name)).toBe(pattern))
