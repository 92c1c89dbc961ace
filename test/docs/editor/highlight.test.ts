import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { IGrammar } from 'vscode-textmate'
import { type Highlight, highlight, loadGrammar } from './highlight.ts'

const SPAN = 'entity.name.function.span'
const ATTRIBUTE = 'variable.other.attribute'
const COMPARISON = 'keyword.operator.comparison'
const LOGIC = 'keyword.operator.logical'
const ORDER = 'keyword.operator.order'
const TEXT = 'string.unquoted'
const NUMBER = 'constant.numeric'
const UNIT = 'keyword.other.unit'
const CALL = 'support.function.selector'
const WHERE = 'keyword.other.where'
const BLOCK = 'keyword.control.block'

let grammar: IGrammar
beforeAll(async () => {
  grammar = await loadGrammar()
})

/** Highlights without punctuation. */
function wordsOf(text: string): readonly Highlight[] {
  return highlight(grammar, text).filter(([, scope]) => !scope.startsWith('punctuation'))
}

test('a header shows its name and severity, and metadata its key and value', () => {
  expect(wordsOf('// Signal: PAYMENT_LOST (critical)\n// Tags: soc2:cc6.1\n// plain remark')).toEqual([
    ['Signal', 'keyword.other.signal'],
    ['PAYMENT_LOST', 'entity.name.type.rule'],
    ['critical', 'constant.language.severity'],
    ['Tags', 'keyword.other.metadata'],
    ['soc2:cc6.1', 'string.unquoted.metadata'],
    ['plain remark', 'comment.line.double-slash'],
  ])
})

test.each<[string, readonly Highlight[]]>([
  [
    'trace.has(payment.charge)\n  and not cart.validate',
    [
      ['trace', 'support.class.trace'],
      ['has', CALL],
      ['payment.charge', SPAN],
      ['and', LOGIC],
      ['not', LOGIC],
      ['cart.validate', SPAN],
    ],
  ],
  [
    'has("GET /*").where(amount > 1000 and not (currency == USD)) // why',
    [
      ['has', CALL],
      ['GET /*', 'string.quoted.double.span'],
      ['where', WHERE],
      ['amount', ATTRIBUTE],
      ['>', COMPARISON],
      ['1000', NUMBER],
      ['and', LOGIC],
      ['not', LOGIC],
      ['currency', ATTRIBUTE],
      ['==', COMPARISON],
      ['USD', TEXT],
      ['why', 'comment.line.double-slash'],
    ],
  ],
  [
    'db.query.where(table matches "a\\"b // c" and tenant == tenant-A)',
    [
      ['db.query', SPAN],
      ['where', WHERE],
      ['table', ATTRIBUTE],
      ['matches', COMPARISON],
      ['a', 'string.quoted.double'],
      ['\\"', 'constant.character.escape'],
      ['b // c', 'string.quoted.double'],
      ['and', LOGIC],
      ['tenant', ATTRIBUTE],
      ['==', COMPARISON],
      ['tenant-A', TEXT],
    ],
  ],
  [
    'x.where(interval_ms < attempt * 100ms and span.duration >= 1e3us and resource.host.name not in [a, "b"])',
    [
      ['x', SPAN],
      ['where', WHERE],
      ['interval_ms', ATTRIBUTE],
      ['<', COMPARISON],
      ['attempt', ATTRIBUTE],
      ['*', 'keyword.operator.arithmetic'],
      ['100', NUMBER],
      ['ms', UNIT],
      ['and', LOGIC],
      ['span.duration', 'support.variable.intrinsic'],
      ['>=', COMPARISON],
      ['1e3', NUMBER],
      ['us', UNIT],
      ['and', LOGIC],
      ['resource', 'support.class.resource'],
      ['host.name', ATTRIBUTE],
      ['not in', COMPARISON],
      ['a', TEXT],
      ['b', 'string.quoted.double'],
    ],
  ],
  [
    'when { trace.has(payment.charge) as charge }\nalways { cart.validate.where(cart.id == charge.cart.id) before charge }\nexcept when { charge.amount < 10 }',
    [
      ['when', BLOCK],
      ['trace', 'support.class.trace'],
      ['has', CALL],
      ['payment.charge', SPAN],
      ['as', 'keyword.operator.binding'],
      ['charge', 'variable.other.binding'],
      ['always', BLOCK],
      ['cart.validate', SPAN],
      ['where', WHERE],
      ['cart.id', ATTRIBUTE],
      ['==', COMPARISON],
      ['charge.cart.id', ATTRIBUTE],
      ['before', ORDER],
      ['charge', SPAN],
      ['except when', BLOCK],
      ['charge.amount', ATTRIBUTE],
      ['<', COMPARISON],
      ['10', NUMBER],
    ],
  ],
  [
    'p.region not in [EU] and p starts after q and p.path starts with west',
    [
      ['p.region', ATTRIBUTE],
      ['not in', COMPARISON],
      ['EU', TEXT],
      ['and', LOGIC],
      ['p', SPAN],
      ['starts after', ORDER],
      ['q', SPAN],
      ['and', LOGIC],
      ['p.path', ATTRIBUTE],
      ['starts with', COMPARISON],
      ['west', TEXT],
    ],
  ],
  [
    'a starts before b within 5s or c directly under d',
    [
      ['a', SPAN],
      ['starts before', ORDER],
      ['b', SPAN],
      ['within', ORDER],
      ['5', NUMBER],
      ['s', UNIT],
      ['or', LOGIC],
      ['c', SPAN],
      ['directly under', ORDER],
      ['d', SPAN],
    ],
  ],
  [
    'trace.count(db.query).by(statement) > 20 and sum(http.*, num(size)) > 5mb and trace.duration > 2s',
    [
      ['trace', 'support.class.trace'],
      ['count', CALL],
      ['db.query', SPAN],
      ['by', 'keyword.other.by'],
      ['statement', ATTRIBUTE],
      ['>', COMPARISON],
      ['20', NUMBER],
      ['and', LOGIC],
      ['sum', CALL],
      ['http.*', SPAN],
      ['num', 'support.function.value'],
      ['size', ATTRIBUTE],
      ['>', COMPARISON],
      ['5', NUMBER],
      ['mb', UNIT],
      ['and', LOGIC],
      ['trace.duration', 'support.variable.intrinsic'],
      ['>', COMPARISON],
      ['2', NUMBER],
      ['s', UNIT],
    ],
  ],
  [
    'trace.has(any).event(exception).where(exception.type == Timeout and exists(code) and retryable == true)',
    [
      ['trace', 'support.class.trace'],
      ['has', CALL],
      ['any', 'constant.language.any'],
      ['event', 'keyword.other.event'],
      ['exception', 'entity.name.function.event'],
      ['where', WHERE],
      ['exception.type', ATTRIBUTE],
      ['==', COMPARISON],
      ['Timeout', TEXT],
      ['and', LOGIC],
      ['exists', 'support.function.value'],
      ['code', ATTRIBUTE],
      ['and', LOGIC],
      ['retryable', ATTRIBUTE],
      ['==', COMPARISON],
      ['true', 'constant.language.boolean'],
    ],
  ],
  [
    'let $pii = [users, cards]\ndefine charged = trace.has(payment.charge)\ndb.query.where(table in $pii)',
    [
      ['let', 'keyword.declaration.let'],
      ['$pii', 'variable.other.constant'],
      ['=', 'keyword.operator.assignment'],
      ['users', TEXT],
      ['cards', TEXT],
      ['define', 'keyword.declaration.define'],
      ['charged', 'entity.name.function.definition'],
      ['=', 'keyword.operator.assignment'],
      ['trace', 'support.class.trace'],
      ['has', CALL],
      ['payment.charge', SPAN],
      ['db.query', SPAN],
      ['where', WHERE],
      ['table', ATTRIBUTE],
      ['in', COMPARISON],
      ['$pii', 'variable.other.constant'],
    ],
  ],
  [
    'trace.has(\n  order.place // the order\n).where(\n  total > 1\n)',
    [
      ['trace', 'support.class.trace'],
      ['has', CALL],
      ['order.place', SPAN],
      ['the order', 'comment.line.double-slash'],
      ['where', WHERE],
      ['total', ATTRIBUTE],
      ['>', COMPARISON],
      ['1', NUMBER],
    ],
  ],
])('%s', (text, expected) => {
  expect(wordsOf(text)).toEqual(expected)
})

test('words that hold a keyword are no keywords', () => {
  expect(wordsOf('order.android and notify.under-write').map(([, scope]) => scope)).toEqual([SPAN, LOGIC, SPAN])
})

test('an unclosed quote ends with its line', () => {
  expect(wordsOf('has("open\nand b').slice(2)).toEqual([
    ['and', SPAN],
    ['b', SPAN],
  ])
})

test('the patterns of the language configuration are regular expressions that do what they say', () => {
  const path = new URL('../../../docs/editor/language-configuration.json', import.meta.url)
  const { wordPattern, indentationRules, folding } = JSON.parse(readFileSync(path, 'utf8'))
  const word = new RegExp(wordPattern.pattern, `g${wordPattern.flags}`)
  expect('has(cart.validate) in $pii'.match(word)).toEqual(['has', 'cart.validate', 'in', '$pii'])
  const increase = new RegExp(indentationRules.increaseIndentPattern)
  expect(['when {', 'x.where( // why', 'when { a }', '// { ('].map((line) => increase.test(line))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(new RegExp(indentationRules.decreaseIndentPattern).test('  }')).toBe(true)
  expect(new RegExp(folding.markers.start).test('// Signal: A (low)')).toBe(true)
})

test('the extension names files that are there', () => {
  const folder = new URL('../../../docs/editor/', import.meta.url)
  const { contributes } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
  const [language] = contributes.languages
  const [syntax] = contributes.grammars
  expect(JSON.parse(readFileSync(new URL(syntax.path, folder), 'utf8')).scopeName).toBe(syntax.scopeName)
  expect(syntax.language).toBe(language.id)
  expect(JSON.parse(readFileSync(new URL(language.configuration, folder), 'utf8')).comments.lineComment).toBe('//')
})
