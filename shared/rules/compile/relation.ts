import type { Order, Structure } from '../ast.ts'
import { askAbove } from '../judge/ancestors.ts'
import type { Precedence } from '../judge/moments.ts'
import { somePrecedes } from '../judge/order.ts'
import { lineageOfRun } from '../judge/run.ts'
import type { Run } from './plan.ts'

/** What an order asks: which side is the earlier one, and how it comes before the other. */
export function precedenceOf({ relation, within }: Order): Precedence & { readonly isLeftEarlier: boolean } {
  return {
    from: relation === 'before' || relation === 'after' ? 'end' : 'start',
    withinNanos: within === undefined ? undefined : BigInt(Math.floor(within)),
    isLeftEarlier: relation === 'before' || relation === 'starts before',
  }
}

/** True where some span of the left has this relation to another of the right; both are positions, ascending. */
export function someRelated(
  run: Run,
  node: Order | Structure,
  left: readonly number[],
  right: readonly number[],
): boolean {
  if (left.length === 0 || right.length === 0) return false
  if (node.kind === 'order') {
    const { isLeftEarlier, ...precedence } = precedenceOf(node)
    const [earlier, later] = isLeftEarlier ? [left, right] : [right, left]
    return somePrecedes(run, earlier, later, precedence)
  }
  const above = askAbove(lineageOfRun(run), right, node.relation === 'directly under')
  return left.some((position) => above(position) !== undefined)
}
