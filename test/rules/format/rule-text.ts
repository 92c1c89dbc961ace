import fc from 'fast-check'
import { boundBody } from '../../reference/bound-rules.ts'

/** A word or mark of a rule; nothing may come before one that is glued. */
interface Written {
  readonly text: string
  readonly glued?: boolean
}

type Words = readonly Written[]

const word = (text: string): Words => [{ text }]
const glued = (text: string): Words => [{ text, glued: true }]
const all = (...parts: readonly Words[]): Words => parts.flat()

const span = fc.constantFrom('a', 'cart.validate', '"GET /x // y"', 'tenant-A', 'db.query').map(word)
const attribute = fc.constantFrom('amount', 'http.route', 'attr("odd key")', 'resource.host.name').map(word)
const number = fc.constantFrom('1', '2.5', '-3', '1e3').map(word)
const comparison = fc.constantFrom('==', '!=', '<', '>=').map(word)

const product = fc
  .tuple(attribute, fc.constantFrom('*', '/', '%').map(word), number)
  .map(([left, operator, right]) => all(left, operator, right))
const sum = fc
  .tuple(fc.oneof(attribute, product), fc.constantFrom('+', '-').map(word), product)
  .map(([left, operator, right]) => all(left, operator, right))

const list = fc
  .array(fc.constantFrom('EU', '"a, b"', '7', 'gpt-4.1').map(word), { minLength: 1, maxLength: 12 })
  .map((items) => all(word('['), ...items.flatMap((item, i) => (i === 0 ? [item] : [word(','), item])), word(']')))

const test: fc.Arbitrary<Words> = fc.oneof(
  fc.tuple(attribute, comparison, number).map(([left, operator, right]) => all(left, operator, right)),
  fc.tuple(fc.oneof(sum, product), word_('>='), number).map(([left, operator, right]) => all(left, operator, right)),
  fc
    .tuple(attribute, fc.constantFrom('in', 'not   in').map(word), list)
    .map(([left, operator, right]) => all(left, operator, right)),
  fc
    .tuple(attribute, fc.constantFrom('matches', 'starts  with', 'contains').map(word), word_('"x\\"// y"'))
    .map(([left, operator, right]) => all(left, operator, right)),
  attribute.map((name) => all(word('exists'), word('('), name, word(')'))),
)

function word_(text: string): fc.Arbitrary<Words> {
  return fc.constant(word(text))
}

function logic(atom: fc.Arbitrary<Words>, depth: number): fc.Arbitrary<Words> {
  if (depth === 0) return atom
  const inner = logic(atom, depth - 1)
  const chain = fc
    .tuple(fc.constantFrom('and', 'or'), fc.array(inner, { minLength: 2, maxLength: 3 }))
    .map(([operator, operands]) => operands.flatMap((operand, i) => (i === 0 ? operand : all(word(operator), operand))))
  return fc.oneof(
    atom,
    chain,
    inner.map((operand) => all(word('not'), operand)),
    chain.map((operand) => all(word('('), operand, word(')'))),
  )
}

function isQuoted([first]: Words): boolean {
  return first?.text.startsWith('"') === true
}

const where = logic(test, 1).map((filter) => all(word('.'), glued('where'), word('('), filter, word(')')))
const filters = fc.array(where, { maxLength: 2 }).map((parts) => parts.flat())
const has = fc.tuple(span, filters).map(([name, rest]) => all(word('trace.has'), word('('), name, word(')'), rest))
const atom: fc.Arbitrary<Words> = fc.oneof(
  has,
  fc.tuple(span, filters).map(([name, rest]) => all(name, rest)),
  fc
    .tuple(span, filters, where)
    .map(([name, rest, filter]) => all(word('trace.all'), word('('), name, rest, word(')'), filter)),
  fc
    .tuple(span, filters, comparison)
    .map(([name, rest, operator]) => all(word('count'), word('('), name, rest, word(')'), operator, word('3'))),
  fc
    .tuple(span, filters, fc.oneof(attribute, product), comparison)
    .map(([name, rest, of, operator]) =>
      all(
        ...[word('sum'), word('('), name, rest, word(','), of, word(')')],
        ...[word('.'), glued('by'), word('('), word('k'), word(','), word('"l"'), word(')'), operator, word('3')],
      ),
    ),
)
const condition = logic(atom, 2)
const block = (keyword: string) => condition.map((inner) => all(word(keyword), word('{'), inner, word('}')))
const definition = fc.oneof(
  fc.tuple(word_('let'), word_('$x'), word_('='), fc.oneof(list, number, span.filter(isQuoted))),
  fc.tuple(word_('define'), word_('d'), word_('='), condition),
)
const body = fc.oneof(
  condition,
  // A bracket behind a name would be its argument.
  fc
    .tuple(
      definition,
      condition.filter(([first]) => first?.text !== '('),
    )
    .map(([before, after]) => all(...before, after)),
  fc.tuple(block('when'), block('always'), block('except   when')).map((blocks) => blocks.flat()),
)

/** A body of order, structure, events and bound spans, cut at its spaces; operators of two words stay whole. */
const boundWords = boundBody.map((text) =>
  (
    text.match(
      /(?:"(?:\\.|[^"\\])*"|(?:starts|ends|directly|except|not) (?=before|after|under|when|in|with)|[^ \n"])+/g,
    ) ?? []
  ).map((each): Written => ({ text: each })),
)

/** A body with white space and numbered comments thrown in wherever they may stand. */
export const scatteredBody: fc.Arbitrary<string> = fc.oneof(body, boundWords).chain((words) =>
  fc
    .array(fc.constantFrom(' ', '  ', '\n', '\r\n\t', ' # ', ' # # ', '\n#\n  #', '\n\n#'), {
      minLength: words.length,
      maxLength: words.length,
    })
    .map((gaps) => {
      let count = 0
      const text = words.map(({ text, glued }, i) => {
        // A body begins with its first word: comments above it belong to the header.
        const gap = i === 0 ? '' : glued === true ? '' : (gaps[i] as string)
        return `${gap.replaceAll('#', () => `// remark ${++count}\n`)}${text}`
      })
      return text.join('')
    }),
)
