import type { Condition, Order } from '../ast.ts'
import { printCondition } from '../print/print.ts'
import type { Lint } from './warning.ts'

/** `not A before B`: one pair in order makes it false for all, and a trace without B makes it true. */
export const reportUnboundOrders: Lint =
  () =>
  ({ conditions }, report) => {
    for (const condition of conditions) {
      for (const order of negatedOrders(condition, true)) {
        const { left, right, relation } = order
        if (left.kind === 'bound' || right.kind === 'bound') continue
        const subject = printCondition({ kind: 'has', selector: right, range: right.range })
        const object = printCondition({ kind: 'has', selector: left, range: left.range })
        report({
          code: 'unbound-order',
          message: `this is about all pairs at once: it also holds where one side is missing, and one pair ${relation} is enough to make it false`,
          hint: `bind the span it is about: write ${subject} as b and not ${object} ${relation} b`,
          range: order.range,
        })
      }
    }
  }

function* negatedOrders(condition: Condition, positive: boolean): Generator<Order> {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const operand of condition.operands) yield* negatedOrders(operand, positive)
      return
    case 'not':
      return yield* negatedOrders(condition.operand, !positive)
    case 'order':
      if (!positive) yield condition
  }
}
