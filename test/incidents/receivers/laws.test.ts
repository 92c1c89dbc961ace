import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RECEIVER_TYPES } from '../../../shared/incidents/receivers/all.ts'
import type { DeliveryRef, OutgoingRequest, RequestEnd } from '../../../shared/incidents/receivers/receiver.ts'
import { offencesIn } from '../../text/exits/hostile.ts'
import { anyNotice } from '../notices.ts'
import { ENTRIES, OTHER_ENTRIES, PROGRAMS } from './entries.ts'
import { opened, recorder } from './opened.ts'

const KINDS = [...RECEIVER_TYPES.keys()]

test('every kind has an entry to test it with', () => {
  expect(Object.keys(ENTRIES).toSorted()).toEqual(KINDS.toSorted())
})

/** All texts of a request. */
function textsOf(request: OutgoingRequest): readonly string[] {
  if (request.kind === 'http') return [request.url, ...Object.values(request.headers), request.body]
  if (request.kind === 'eventbridge') return [request.detailType, request.source, request.detail]
  const attributes = Object.entries(request.attributes).map(([name, value]) => `${name}=${value}`)
  return [request.subject ?? '', request.message, ...attributes]
}

/** The strings in JSON, names too; of any other text itself. */
function stringsIn(text: string): readonly string[] {
  const found: string[] = []
  try {
    JSON.parse(text, (name, value) => {
      found.push(name, ...(typeof value === 'string' ? [value] : []))
      return value
    })
    return found
  } catch {
    return [text]
  }
}

const anyBody = fc.oneof(
  fc.string(),
  fc.json(),
  fc.constant('ok'),
  fc.constant('{"ok":true,"ts":"1.2","channel":"C1"}'),
)
const anyEnd: fc.Arbitrary<RequestEnd> = fc.oneof(
  fc.record({ status: fc.integer({ min: 100, max: 599 }), body: anyBody }),
  fc.record({ status: fc.constant(429), body: anyBody, retryAfter: fc.oneof(fc.string(), fc.constant('7')) }),
  fc.record({ failure: fc.string(), unsure: fc.boolean() }),
)
const anyRef = fc.option(fc.dictionary(fc.constantFrom('ts', 'channel', 'opening', 'id', 'labels'), fc.string()), {
  nil: undefined,
})

describe.each([...Object.entries(ENTRIES), ...OTHER_ENTRIES])('%s', (kind, entry) => {
  const receiver = opened(kind, entry)

  test('has the name and type that it was opened with, and a target without secrets', () => {
    expect(receiver).toMatchObject({ name: 'test', type: kind })
    expect(receiver.traits.target).toMatch(/^[\da-f]{32}$/)
  })

  test('sends any notice as sound text that shows nothing invisible', async () => {
    await fc.assert(
      fc.asyncProperty(anyNotice, anyRef, async (notice, ref) => {
        const { sent, send } = recorder()
        await receiver.tell(notice, ref, send)
        expect(sent.length).toBeGreaterThan(0)
        for (const text of sent.flatMap(textsOf)) {
          expect(text.isWellFormed()).toBe(true)
          expect(offencesIn({ text })).toEqual([])
          if (PROGRAMS.has(kind)) continue
          const shown = stringsIn(text).flatMap((each) => offencesIn({ text: each }))
          expect(shown.filter((offence) => offence.startsWith('shows'))).toEqual([])
        }
      }),
    )
  })

  test('understands any answer, and keeps at most 1 kB of it', async () => {
    const answers = fc.array(anyEnd, { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(anyNotice, anyRef, answers, async (notice, ref: DeliveryRef | undefined, ends) => {
        const answer = await receiver.tell(notice, ref, recorder(...ends).send)
        expect(['taken', 'refused', 'failed']).toContain(answer.outcome)
        if (answer.outcome === 'taken') {
          expect(JSON.stringify(answer.ref ?? {}).length).toBeLessThanOrEqual(1_000)
        } else expect(offencesIn({ text: `failed: ${answer.reason}` })).toEqual([])
      }),
    )
  })
})
