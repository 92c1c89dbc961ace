import type { Condition, Invariant, Pattern } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { reportExtra, reportUnclosed } from './bracket.ts'
import { resolveCondition } from './condition.ts'
import { resolveDefinitions } from './define.ts'
import { checkDepth } from './definitions.ts'
import { inOwnScope } from './names.ts'
import { type Reading, report } from './reading.ts'
import type { SyntaxBlock, SyntaxBody, SyntaxNode } from './syntax.ts'

type BlockName = 'when' | 'always' | 'never' | 'except'

/** What a rule says; the body is missing where too little of it could be read. */
export interface ResolvedBody {
  readonly body: Pattern | Invariant | undefined
  readonly conditions: readonly Condition[]
}

/** The conditions named by the definitions around a rule's body; problems in them are not the rule's. */
export interface ResolvedDefinitions {
  readonly defined: readonly Condition[]
}

/**
 * What a rule says, from its syntax; reports whatever says nothing. `outside` is where problems of the definitions before
 * and after the condition are reported.
 */
export function resolveBody(reading: Reading, body: SyntaxBody, outside: Reading): ResolvedBody & ResolvedDefinitions {
  const before = resolveDefinitions(outside, body.before)
  const resolved = body.kind === 'pattern' ? resolvePattern(reading, body) : resolveInvariant(reading, body)
  const after = resolveDefinitions(outside, body.after)
  if (body.extra !== null) reportExtra(reading, body.extra, 'after the condition')
  return { ...resolved, defined: [...before, ...after] }
}

function resolvePattern(reading: Reading, body: SyntaxBody & { readonly kind: 'pattern' }): ResolvedBody {
  const [first] = body.before
  if (body.condition.kind === 'missing' && body.extra === null && first !== undefined) {
    const hint = 'write the condition after its definitions'
    report(reading, first.keyword, 'missing-condition', 'definitions stand here, but no condition', hint)
    return { body: undefined, conditions: [] }
  }
  const onlyExtra = body.condition.kind === 'missing' && body.extra !== null
  const condition = onlyExtra ? undefined : resolveTop(reading, body.condition)
  if (condition === undefined) return { body: undefined, conditions: [] }
  return { body: { kind: 'pattern', condition, range: reading.rangeOf(body) }, conditions: [condition] }
}

function resolveTop(reading: Reading, node: SyntaxNode): Condition | undefined {
  return checkDepth(reading, node, resolveCondition(reading, node))
}

function resolveInvariant(reading: Reading, body: SyntaxBody & { readonly kind: 'blocks' }): ResolvedBody {
  const blocks: Partial<Record<BlockName, Condition>> = {}
  const conditions: Condition[] = []
  const seen = new Set<BlockName>()
  for (const block of body.blocks) {
    const name = blockName(reading, block)
    const read = () => resolveBlock(reading, block)
    const condition = name === 'when' ? read() : inOwnScope(reading, `in the ${block.keyword.text} block`, read)
    if (condition !== undefined) conditions.push(condition)
    if (name === undefined) continue
    if (seen.has(name)) reportRepeated(reading, block)
    else if (condition !== undefined) blocks[name] = condition
    seen.add(name)
  }
  checkBlocks(reading, body.blocks, seen)
  const { when, ...others } = blocks
  if (when === undefined) return { body: undefined, conditions }
  return { body: { kind: 'invariant', when, ...others, range: reading.rangeOf(body) }, conditions }
}

function reportRepeated(reading: Reading, { keyword }: SyntaxBlock): void {
  const hint = 'join both conditions in one block with "and" or "or"'
  report(reading, keyword, 'duplicate-block', `a rule has one ${keyword.text} block`, hint)
}

function blockNameOf({ keyword }: SyntaxBlock): BlockName | undefined {
  const { text } = keyword
  if (text === 'when' || text === 'always' || text === 'never') return text
  return text === 'except when' ? 'except' : undefined
}

function blockName(reading: Reading, block: SyntaxBlock): BlockName | undefined {
  const known = blockNameOf(block)
  if (known !== undefined) return known
  const written = block.keyword.text
  const meant = BLOCK_SPELLINGS.get(written.toLowerCase()) ?? nearest(written, ['when', 'always', 'never'])
  const hint = meant === undefined ? 'write when, always, never or except when' : `write ${meant} { … }`
  return report(reading, block.keyword, 'unknown-block', `the language has no block "${written}"`, hint)
}

const BLOCK_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['except', 'except when'],
  ['unless', 'except when'],
  ['if', 'when'],
  ['given', 'when'],
  ['then', 'always'],
  ['must', 'always'],
  ['require', 'always'],
  ['expect', 'always'],
])

function resolveBlock(reading: Reading, block: SyntaxBlock): Condition | undefined {
  if (block.open === null) {
    report(
      reading,
      block.keyword,
      'missing-bracket',
      `${block.keyword.text} has no block`,
      `write ${block.keyword.text} { … }`,
    )
  } else if (block.close === null) {
    reportUnclosed(reading, block.open)
  } else if (block.extra !== null) {
    reportExtra(reading, block.extra, `in the ${block.keyword.text} block`)
  }
  if (block.condition.kind !== 'missing') return resolveTop(reading, block.condition)
  if (block.open !== null && block.close !== null && block.extra === null) {
    const at = { start: block.open.start, end: block.close.end }
    report(
      reading,
      at,
      'missing-condition',
      `the ${block.keyword.text} block is empty`,
      'write a condition between the braces',
    )
  }
  return undefined
}

function checkBlocks(reading: Reading, blocks: readonly SyntaxBlock[], seen: ReadonlySet<BlockName>): void {
  const [first] = blocks
  if (first === undefined) return
  if (!seen.has('when')) {
    report(
      reading,
      first.keyword,
      'missing-when',
      'the rule has no when block',
      'begin with when { … }: what makes the rule apply',
    )
  } else if (first.keyword.text !== 'when') {
    report(reading, first.keyword, 'missing-when', 'the when block comes first', 'move when { … } to the start')
  }
  const others = blocks.some((block) => blockNameOf(block) === undefined)
  if (!seen.has('always') && !seen.has('never') && !others) {
    report(
      reading,
      first.keyword,
      'missing-requirement',
      'the rule requires nothing',
      'add always { … } or never { … }',
    )
  }
}
