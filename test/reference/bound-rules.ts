/** Random rules of order, structure, events and spans bound by name. */
import fc from 'fast-check'
import { spanTest } from './rules.ts'

type Text = fc.Arbitrary<string>

const pick = fc.constantFrom<string[]>
const joined = (...parts: readonly Text[]) => fc.tuple(...parts).map((each) => each.join(' '))
const anyOf = (...choices: readonly (readonly [number, Text])[]) =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))

/** The number of names that a rule may bind. */
const NAMES = ['p', 'q', 'r', 's']

const name = anyOf(
  [9, pick('a', 'b', 'cart.validate', 'http.get', '"GET /x"')],
  [3, pick('http.*', '*t*e*', 'any')],
  [1, fc.constant('missing')],
)
const eventName = anyOf([8, pick('exception', 'retry', '"ünï 🌍"', 'any')], [1, fc.constant('missing')])
const key = pick('x', 'y', 'tags', 'user.id', 'resource.x')
const equality = pick('==', '!=')
const order = pick('<', '<=', '>', '>=')
const comparing = pick('==', '==', '!=', '<', '<=', '>', '>=', 'contains', 'starts with')
/** A comparison with a fixed value of a kind that can be so compared. */
const withLiteral = anyOf(
  [4, joined(equality, pick('1', '2', '5', '0.5', '9007199254740993', 'EU', 'a', '"5"', 'true', 'false'))],
  [2, joined(order, pick('1', '2', '5', '0.5', '"a"', '"EU"'))],
  [1, joined(pick('contains', 'starts with'), pick('EU', 'a', '"5"'))],
)
const duration = pick('0s', '1us', '1ms', '999.999us', '1.5ms', '2ms', '2.000001ms', '5s', '2h')
const within = anyOf([2, fc.constant('')], [1, duration.map((each) => ` within ${each}`)])

/** A test of one span, or of one event, in which the values of bound spans may stand. */
function testIn(names: readonly string[], of: 'span' | 'event'): Text {
  const own = of === 'span' ? spanTest : eventTest
  if (names.length === 0) return own
  const value = boundValue(names)
  const bound = pick(...names)
  const attribute = of === 'span' ? key : eventKey
  const joins = anyOf(
    [4, joined(attribute, pick('==', '==', '!='), value)],
    [2, joined(attribute, comparing, value)],
    [1, joined(value, comparing, pick('attr(x)', 'attr("user.id")', 'attr("k-1")'))],
    [1, joined(attribute, order, joined(value, pick('+', '*', '-'), pick('1', '2', 'y')))],
    [1, joined(value, pick('in', 'not in'), pick('[1, 2]', '[EU, "a", true]'))],
  )
  const ofSpan = anyOf(
    [
      1,
      joined(
        pick('span.duration'),
        fc.oneof(order, equality),
        bound.map((each) => `${each}.span.duration`),
      ),
    ],
    [
      1,
      joined(
        pick('span.name', 'span.service'),
        equality,
        joined(bound).map((each) => `${each}.span.name`),
      ),
    ],
  )
  return anyOf([3, own], [4, joins], [of === 'span' ? 1 : 0, ofSpan])
}

const eventKey = pick('x', 'y', 'tags', 'user.id', '"k-1"')
const eventTest = anyOf(
  [3, joined(eventKey, withLiteral)],
  [1, joined(eventKey, pick('in', 'not in'), pick('[1, 2, EU]', '["a", true, 5]'))],
  [1, eventKey.map((each) => `exists(${each})`)],
  [1, joined(pick('x', 'y'), order, pick('y + 1', 'x * 2', 'y'))],
)

function boundValue(names: readonly string[]): Text {
  return fc.tuple(pick(...names), key).map((parts) => parts.join('.'))
}

function filterIn(names: readonly string[], of: 'span' | 'event'): Text {
  const test = testIn(names, of)
  return anyOf(
    [4, test],
    [1, test.map((each) => `not (${each})`)],
    [2, fc.tuple(test, pick('and', 'or'), test).map((parts) => parts.join(' '))],
  )
}

/** What follows a span's name, or a bound name: filters, then events. */
function narrowingIn(names: readonly string[], least: 0 | 1): Text {
  const where = filterIn(names, 'span').map((each) => `.where(${each})`)
  const event = fc
    .tuple(
      eventName,
      fc.oneof(
        fc.constant(''),
        filterIn(names, 'event').map((each) => `.where(${each})`),
      ),
    )
    .map(([which, filter]) => `.event(${which})${filter}`)
  const some = anyOf(
    [3, where],
    [1, fc.tuple(where, where).map((both) => both.join(''))],
    [1, event],
    [1, joinText(where, event)],
  )
  return least === 1 ? some : anyOf([2, fc.constant('')], [2, some])
}

function joinText(...parts: readonly Text[]): Text {
  return fc.tuple(...parts).map((each) => each.join(''))
}

function selectorIn(names: readonly string[]): Text {
  return fc.tuple(name, narrowingIn(names, 0)).map(([which, narrowing]) => `trace.has(${which})${narrowing}`)
}

const relation: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(pick('before', 'after', 'starts before', 'starts after'), within) },
  { weight: 3, arbitrary: fc.tuple(pick('under', 'directly under'), fc.constant('')) },
)

/** A relation of two sides; the same bound span on both is an error. */
function relationIn(names: readonly string[]): Text {
  const selector = selectorIn(names)
  if (names.length === 0) return related(selector, selector)
  const bound = pick(...names)
  const [first = '', ...others] = names
  const two = pick(...others, first).chain((left) =>
    related(fc.constant(left), pick(...names.filter((each) => names.length === 1 || each !== left))),
  )
  return anyOf(
    [1, related(selector, selector)],
    [3, related(selector, bound)],
    [2, related(bound, selector)],
    [others.length > 0 ? 3 : 0, two],
  )
}

function related(left: Text, right: Text): Text {
  return fc.tuple(left, relation, right).map(([one, [word, limit], other]) => `${one} ${word} ${other}${limit}`)
}

/** A part that is alone in a condition. */
function atomIn(names: readonly string[]): Text {
  const selector = selectorIn(names)
  const spans = fc.tuple(name, narrowingIn(names, 0)).map((parts) => parts.join(''))
  const unbound = anyOf(
    [3, selector],
    [4, relationIn(names)],
    [
      1,
      joined(
        spans.map((each) => `trace.count(${each})`),
        fc.oneof(order, equality),
        pick('0', '1', '2'),
      ),
    ],
    [
      1,
      joined(
        spans.map((each) => `trace.max(${each}, x)`),
        fc.oneof(order, equality),
        pick('0', '1', '2'),
      ),
    ],
    [1, fc.tuple(spans, filterIn(names, 'span')).map(([each, filter]) => `trace.all(${each}).where(${filter})`)],
  )
  if (names.length === 0) return unbound
  const bound = pick(...names)
  const value = boundValue(names)
  return anyOf(
    [4, unbound],
    [2, fc.tuple(bound, narrowingIn(names, 1)).map((parts) => parts.join(''))],
    [2, joined(value, withLiteral)],
    [1, joined(value, fc.oneof(order, equality), value)],
    [1, joined(value, order, joined(value, pick('+', '*'), pick('1', '2')))],
    [
      1,
      joined(
        bound.map((each) => `${each}.span.duration`),
        order,
        duration,
      ),
    ],
    [1, value.map((each) => `exists(${each})`)],
    [1, bound.map((each) => `${each}.x`)],
    [1, joined(value, pick('in', 'not in'), pick('[1, 2]', '[EU, "a", true]'))],
    [
      1,
      joined(
        selector.map((each) => each.replace('has', 'count')),
        order,
        bound.map((each) => `${each}.x`),
      ),
    ],
  )
}

/** A condition in which the given names are bound to spans. */
function conditionIn(names: readonly string[], depth: number): Text {
  const atom = atomIn(names)
  if (depth === 0) return atom
  const inner = conditionIn(names, depth - 1)
  const alone = chainIn(names, depth - 1).map((each) => `(${each})`)
  return anyOf(
    [8, logicOf(atom, inner)],
    [1, fc.tuple(alone, inner).map((parts) => `(${parts.join(' or ')})`)],
    [1, alone.map((each) => `not ${each}`)],
  )
}

function logicOf(atom: Text, inner: Text): Text {
  return anyOf(
    [4, atom],
    [2, inner.map((each) => `not (${each})`)],
    [2, fc.tuple(inner, pick('and', 'or'), inner).map((parts) => `(${parts.join(' ')})`)],
  )
}

/** A span that is bound, and conditions that may use it. */
function chainIn(names: readonly string[], depth: number): Text {
  const [next] = NAMES.slice(names.length)
  if (next === undefined) return conditionIn(names, depth)
  const known = [...names, next]
  const binder = selectorIn(names).map((each) => `${each} as ${next}`)
  const relating = fc
    .tuple(binder, relation, selectorIn(names))
    .map(([left, [word, limit], right]) => `${left} ${word} ${right}${limit}`)
  const rest = anyOf([3, conditionIn(known, depth)], [known.length < 3 ? 2 : 0, chainIn3(known, depth)])
  const before = anyOf([4, fc.constant('')], [1, conditionIn(names, 0).map((each) => `${each} and `)])
  return fc
    .tuple(before, anyOf([5, binder], [1, relating]), rest)
    .map(([first, bound, then]) => `${first}${bound} and ${then}`)
}

function chainIn3(names: readonly string[], depth: number): Text {
  return names.length < 3 ? chainIn(names, depth) : conditionIn(names, depth)
}

function invariantOf(names: readonly string[], when: Text): Text {
  const block = conditionIn(names, 2)
  return fc
    .record({ when, always: fc.option(block), never: fc.option(block), except: fc.option(block, { freq: 2 }) })
    .map(({ when, always, never, except }) => {
      const blocks = [`when { ${when} }`]
      if (always !== null || never === null) blocks.push(`always { ${always ?? 'a'} }`)
      if (never !== null) blocks.push(`never { ${never} }`)
      if (except !== null) blocks.push(`except when { ${except} }`)
      return blocks.join('\n')
    })
}

const one = selectorIn([]).map((each) => `${each} as p`)
const two = fc.tuple(one, selectorIn(['p'])).map(([first, second]) => `${first} and ${second} as q`)
const whenOne = anyOf([3, one], [1, fc.tuple(one, atomIn(['p'])).map((parts) => parts.join(' and '))])

/** Definitions hold to the end of a file, so that those of two rules need two names. */
const withDefinition = fc
  .tuple(chainIn([], 1), conditionIn([], 1), pick('and', 'or'), fc.noBias(fc.nat(2 ** 30)))
  .map(([defined, condition, word, number]) => {
    const name = `known_${number}`
    return `define ${name} = (${defined})\n${condition} ${word} not ${name}`
  })

/** The body of a rule without bound names, as text. */
export const relatedBody = logicOf(atomIn([]), logicOf(atomIn([]), atomIn([])))

/** The body of a rule, as text. */
export const boundBody = anyOf(
  [5, chainIn([], 2)],
  [3, conditionIn([], 2)],
  [3, invariantOf(['p'], whenOne)],
  [2, invariantOf(['p', 'q'], two)],
  [1, withDefinition],
)
