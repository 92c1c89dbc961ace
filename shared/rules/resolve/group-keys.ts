import type { GroupKeys } from '../ast.ts'
import { checkBracket } from './bracket.ts'
import { resolveSpanValue } from './filter.ts'
import { type Narrowing, resolveNarrowing } from './narrowing.ts'
import { type Reading, report } from './reading.ts'
import type { MethodNode, SyntaxNode } from './syntax.ts'

/** The filters and the `.by(…)` that follow `trace.count(…)` or an aggregate. */
export function resolveGrouped(
  reading: Reading,
  methods: readonly MethodNode[],
): { readonly narrowing: Narrowing; readonly by: { readonly by?: GroupKeys } } {
  const narrowing = resolveNarrowing(
    reading,
    methods.filter(({ name }) => name.text !== 'by'),
  )
  const [first, second] = methods.filter(({ name }) => name.text === 'by')
  if (second !== undefined)
    report(reading, second.name, 'unexpected-text', 'spans are grouped once', 'write .by(first.key, second.key)')
  return { narrowing, by: first === undefined ? {} : { by: resolveKeys(reading, first) } }
}

function resolveKeys(reading: Reading, { name, arguments: taken }: MethodNode): GroupKeys {
  if (taken === null) return []
  checkBracket(reading, taken, 'in .by(…)')
  const [first] = taken.items
  if (first?.kind === 'missing') {
    report(reading, name, 'missing-value', '.by(…) names no attribute', 'write .by(user.id)')
    return []
  }
  return taken.items.map((item) => resolveKey(reading, item)).filter((key) => key !== undefined)
}

function resolveKey(reading: Reading, node: SyntaxNode): GroupKeys[number] | undefined {
  const key = resolveSpanValue(reading, node)
  if (key === undefined || key.kind === 'attribute') return key
  if (key.kind === 'intrinsic' && key.name.startsWith('span.')) return key
  return report(
    reading,
    node,
    'not-a-value',
    'spans are grouped by what they carry',
    'write an attribute, or span.service',
  )
}
