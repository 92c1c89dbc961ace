/** Rules and spans as others are drawn, their keys replaced by names of attributes that OpenTelemetry renamed. */
import fc from 'fast-check'
import type { SpanSketch } from './traces.ts'

/** By the drawn key: the names that take its place, one of them anew at each place. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  x: ['http.response.status_code', 'http.status_code', 'status'],
  y: ['server.address', 'net.peer.name', 'net.host.name', 'db.collection.name', 'db.sql.table'],
  tags: ['error.type', 'exception', 'exception.type', 'error.kind'],
}

const choices = fc.array(fc.nat(11), { minLength: 12, maxLength: 12 })

/** Rules that read one attribute by several of its names, some by that name alone. */
export function respeltBody(body: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(body, choices).map(([text, picked]) => {
    let places = 0
    const respell = (_: string, before: string, key: string) => {
      const choice = picked[places++ % picked.length] as number
      const names = SPELLINGS[key] as readonly string[]
      const name = names[choice % names.length] as string
      if (before === 'resource.') return `resource.${name}`
      return choice > 8 ? `${before}attr("${name}", exact)` : `${before}${before === '' ? `attr(${name})` : name}`
    }
    return text
      .replaceAll(/attr\("?(x|y|tags)"?\)/g, '$1')
      .replaceAll(/(?<!["\w/.*-])((?:resource|[pqrs])\.|)(x|y|tags)(?!["\w(])/g, respell)
  })
}

/** Spans that carry those attributes by any of the names, some by two of them, and some as Micrometer does. */
export function respeltSpans(spans: fc.Arbitrary<readonly SpanSketch[]>): fc.Arbitrary<readonly SpanSketch[]> {
  return fc.tuple(spans, choices).map(([sketches, picked]) =>
    sketches.map((sketch, index) => {
      const choice = (picked[index % picked.length] as number) + index
      const { attributes = {}, resource = {}, events = [] } = sketch
      const kind = choice % 3 === 0 ? (sketch.kind ?? 1) : 2 + (choice % 2)
      const beside = choice % 2 === 0 ? { uri: '/x', outcome: 'SUCCESS' } : {}
      return {
        ...sketch,
        kind,
        attributes: { ...beside, ...respelt(attributes, choice) },
        resource: respelt(resource, choice + 1),
        events: events.map((event, at) => ({ ...event, attributes: respelt(event.attributes ?? {}, choice + at) })),
      }
    }),
  )
}

type Attributes = NonNullable<SpanSketch['attributes']>

function respelt(attributes: Attributes, choice: number): Attributes {
  const entries = Object.entries(attributes).map(([key, value], at) => {
    const names = SPELLINGS[key]
    return [names?.[(choice + at) % names.length] ?? key, value] as const
  })
  const second = SPELLINGS[Object.keys(attributes)[0] ?? '']
  const [, last] = Object.entries(attributes).at(-1) ?? []
  const both =
    second !== undefined && last !== undefined && choice % 4 === 0 ? [[second[choice % 2], last] as const] : []
  return Object.fromEntries([...both, ...entries])
}
