import fc from 'fast-check'
import type { CheckedRule, Rule } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { readRuleText } from '../../shared/rules/read/read.ts'
import { keys, texts } from './traces.ts'

/** The checked rules of a text of conditions, named R0, R1 …; throws where one has a problem. */
export function rulesOf(...bodies: readonly string[]): readonly CheckedRule[] {
  const text = bodies.map((body, index) => `// Signal: R${index} (info)\n${body}\n`).join('\n')
  const { rules, problems } = checkRules([{ file: 'test.rules', text }])
  if (problems.length > 0)
    throw new Error(`${problems.map(({ message, hint }) => `${message}; ${hint}`).join('\n')}\n${text}`)
  return rules
}

/** A body as it is read, before it is checked; throws where it has a problem. */
export function bodyOf(text: string): Rule['body'] {
  const [read] = readRuleText('test.rules', `// Signal: R (info)\n${text}\n`).rules
  if (read?.rule === undefined || read.problems.length > 0)
    throw new Error(`${read?.problems.map(({ message }) => message).join('\n')}\n${text}`)
  return read.rule.body
}

const pick = fc.constantFrom<string[]>

const spanName = pick(
  'a',
  'b',
  'cart.validate',
  'http.get',
  '"GET /x"',
  '""',
  '"ünï 🌍"',
  '"a*b"',
  'missing',
  'http.*',
  '*t*e*',
  'any',
  '*',
)
const shortName = pick('a', 'b', 'cart.validate', '"GET /x"')

const key = pick(
  ...keys.filter((each) => /^[a-z.]+$/.test(each)),
  '"k-1"',
  'attr("ключ")',
  'resource.x',
  'resource.service.name',
)
const valueKey = pick('x', 'y', 'tags', 'user.id', 'attr("k-1")', 'resource.x')
const number = pick(
  '0',
  '1',
  '2',
  '5',
  '-3',
  '0.5',
  '1.5',
  '1e3',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
)
const text = pick('EU', 'a', 'shop', 'user.id', ...texts.map((each) => `"${each}"`))
const literal = fc.oneof(number, text, pick('true', 'false'))
const duration = pick('0s', '1us', '1ms', '999.999us', '5s', '2h')

const { term } = fc.letrec<{ term: string }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.oneof(number, valueKey),
    fc.tuple(tie('term'), pick('+', '-', '*', '/', '%'), tie('term')).map((parts) => `(${parts.join(' ')})`),
    tie('term').map((inner) => `num(${inner})`),
    tie('term').map((inner) => `-(${inner})`),
  ),
}))

/** Left of a comparison, with an attribute in it: what is the same on every trace is an error. */
const calculation = fc.tuple(valueKey, pick('+', '-', '*', '/', '%'), term).map((parts) => `(${parts.join(' ')})`)

const order = pick('<', '<=', '>', '>=')
const equality = pick('==', '!=')
const textual = pick('contains', 'starts with', 'ends with')
const joined = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((each) => each.join(' '))

/** One test of a span, as text. */
export const spanTest = fc.oneof(
  joined(key, equality, literal),
  joined(
    key,
    equality,
    valueKey.map((each) => (each.includes('"') ? each : `attr("${each}")`)),
  ),
  joined(key, order, fc.oneof(number, term)),
  joined(key, order, pick('"a"', '"🌍"', '"\uff5e"')),
  joined(key, textual, text),
  joined(calculation, order, term),
  joined(
    key,
    pick('in', 'not in'),
    fc.array(literal, { minLength: 1, maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  ),
  joined(key, pick('matches "^a"', 'matches ".*b.*"', 'matches "b|5$"', 'matches "^.$"')),
  key.map((each) => `exists(${each})`),
  pick('x', 'y', 'tags'),
  joined(pick('span.duration'), fc.oneof(order, equality), fc.oneof(duration, pick('trace.duration * 0.5', '2 * 1ms'))),
  joined(pick('span.status'), equality, pick('ok', 'error', 'unset')),
  joined(pick('span.kind'), equality, pick('server', 'client', 'unspecified')),
  joined(pick('span.service', 'span.name', 'span.status_message'), equality, text),
)

const traceTest = (selector: fc.Arbitrary<string>) => {
  const count = selector.map((each) => `trace.count(${each})`)
  const taken = fc.oneof(valueKey, pick('num(x)', 'x * 2 + y', '"k-1"'))
  const aggregate = fc
    .tuple(pick('sum', 'min', 'max', 'avg', 'distinct'), selector, taken)
    .map(([name, which, of]) => `trace.${name}(${which}, ${of})`)
  const sum = fc.oneof(
    count,
    aggregate,
    pick('0', '1', '2'),
    joined(count, pick('+', '-', '*', '/', '%'), fc.oneof(count, pick('2', '0'))),
  )
  return fc.oneof(
    { weight: 6, arbitrary: joined(sum, fc.oneof(order, equality), joined(count, pick('+ 0', '* 2', '- 1', '% 2'))) },
    { weight: 6, arbitrary: joined(count, fc.oneof(order, equality), sum) },
    { weight: 6, arbitrary: joined(aggregate, fc.oneof(order, equality), fc.oneof(number, sum)) },
    {
      weight: 6,
      arbitrary: joined(
        fc
          .tuple(fc.oneof(count, aggregate), pick('x', 'user.id', 'x, y', 'span.service', '"k-1"'))
          .map(([which, keys]) => `${which}.by(${keys})`),
        fc.oneof(order, equality),
        fc.oneof(pick('0', '1', '2'), sum),
      ),
    },
    {
      weight: 1,
      arbitrary: joined(
        pick('min', 'max', 'avg', 'sum').map((name) => `trace.${name}(any, span.duration)`),
        order,
        duration,
      ),
    },
    { weight: 1, arbitrary: joined(pick('trace.spans', 'trace.services'), order, pick('0', '2', '5')) },
    { weight: 1, arbitrary: joined(pick('trace.duration'), order, duration) },
    {
      weight: 1,
      arbitrary: joined(
        pick('trace.root.name', 'trace.root.service'),
        equality,
        pick('a', 'shop', '"GET /x"', 'cart.validate'),
      ),
    },
  )
}

function logic(atom: fc.Arbitrary<string>, depth: number): fc.Arbitrary<string> {
  if (depth === 0) return atom
  const inner = logic(atom, depth - 1)
  return fc.oneof(
    { weight: 3, arbitrary: atom },
    { weight: 2, arbitrary: fc.tuple(inner, pick('and', 'or'), inner).map((parts) => `(${parts.join(' ')})`) },
    { weight: 1, arbitrary: inner.map((each) => `not (${each})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(inner, inner, inner)
        .map((parts) => parts.join(' and '))
        .map((all) => `(${all})`),
    },
  )
}

const where = logic(spanTest, 2).map((filter) => `.where(${filter})`)
const filters = fc.oneof(
  fc.constant(''),
  where,
  fc.tuple(where, where).map((both) => both.join('')),
)
const selector = fc.tuple(spanName, filters).map((parts) => parts.join(''))

const atom = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(spanName, filters).map(([name, where]) => `trace.has(${name})${where}`) },
  { weight: 1, arbitrary: fc.tuple(shortName, filters).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: traceTest(selector) },
  { weight: 2, arbitrary: fc.tuple(selector, where).map(([which, demanded]) => `trace.all(${which})${demanded}`) },
)
const condition = logic(atom, 2)

const invariant = fc
  .record({
    when: condition,
    always: fc.option(condition),
    never: fc.option(condition),
    except: fc.option(condition, { freq: 2 }),
  })
  .map(({ when, always, never, except }) => {
    const blocks = [`when { ${when} }`]
    if (always !== null || never === null) blocks.push(`always { ${always ?? 'a'} }`)
    if (never !== null) blocks.push(`never { ${never} }`)
    if (except !== null) blocks.push(`except when { ${except} }`)
    return blocks.join('\n')
  })

/** The body of a rule, as text. */
export const anyBody = fc.oneof(condition, invariant)
