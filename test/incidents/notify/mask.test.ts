import { expect, test } from 'vitest'
import { maskOf } from '../../../shared/incidents/notify/mask.ts'

test('a value is hidden however it is spelt', () => {
  const secret = 'pass"word/+é'
  const mask = maskOf([secret, 'pass'])
  const spelt = [secret, JSON.stringify(secret), encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
  expect(mask(`a ${spelt.join(' ')} pass z`)).toBe('a **** "****" **** ****== **** z')
})

test('short values hide nothing, since any text may hold them', () => {
  expect(maskOf(['eu', ''])('queue eu')).toBe('queue eu')
})
