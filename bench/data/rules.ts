import type { CheckedRule } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import type { Random } from './random.ts'
import { shopNames } from './traces.ts'

/** Rules about span names that no trace has, of every shape that people write; some share a name that traces do have. */
export function idleRules(random: Random, count: number): readonly CheckedRule[] {
  return checked(idleBodies(random, count))
}

function idleBodies(random: Random, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => idleBody(random, `svc${index % 500}.op${index}`))
}

/** The text of such rules, as a file has it. */
export function idleRulesText(random: Random, count: number): string {
  return fileOf(idleBodies(random, count))
}

function idleBody(random: Random, name: string): string {
  const limit = random.below(1000)
  return random.pick([
    `trace.has(${name}) and not trace.has(${name}.checked)`,
    `trace.has(${name}).where(amount > ${limit} and currency == EUR)`,
    `trace.count(${name}) > ${limit % 10}`,
    `trace.count(${name}.request) != trace.count(${name}.response)`,
    `trace.has(payment.charge) and trace.has(${name}).where(retries > ${limit})`,
    `trace.has(${name}.*).where(http.response.status_code >= 500)`,
    `not trace.all(${name}).where(tls == true)`,
    `trace.has(${name}).where(path matches "^/v[0-9]+/${limit}/.*")`,
    `when { ${name} or ${name}.retry } always { trace.has(audit.write).where(amount > ${limit}) }`,
    `when { ${name}.where(tenant.id == tenant-${limit}) } never { ${name}.bypass } except when { test.mode }`,
  ])
}

/** Rules about the spans of the shop; nearly every rule must look at some spans: filters of one or a few attributes. */
export function denseRules(random: Random, count: number): readonly CheckedRule[] {
  return checked(Array.from({ length: count }, () => denseBody(random)))
}

function denseBody(random: Random): string {
  const name = () => JSON.stringify(random.pick(shopNames))
  return random.pick([
    () => `trace.has(${name()}).where(http.response.status_code >= ${500 + random.below(100)})`,
    () =>
      `trace.has(${name()}).where(amount > ${4000 + random.below(1000)} and currency == ${random.pick(['CHF', 'USD'])})`,
    () => `trace.has(${name()}).where(tenant.id == tenant-${random.below(200)})`,
    () =>
      `trace.has(${name()}).where(server.address contains ${random.pick(['backup', 'legacy'])}) and not trace.has(${name()})`,
    () => `trace.count(${name()}) > ${2 + random.below(5)}`,
    () =>
      `trace.has(${name()}).where(db.query.text matches ".*${random.pick(['DROP', 'secret', 'password'])}${random.below(100)}.*")`,
    () => `trace.has(${name()}).where(span.duration > ${49 + random.below(50)}ms and span.status == error)`,
    () => `when { trace.has(${name()}) } always { trace.has(${name()}) }`,
    () =>
      `when { trace.has(${name()}).where(app.retries > ${2 + random.below(9)}) } never { trace.has(${name()}).where(verified == false) }`,
    () =>
      `not trace.all(${name()}).where(db.response.returned_rows < ${500 + random.below(9)} or not exists(db.system.name))`,
  ])()
}

/** Rules on order and structure; each needs all spans for its answer. */
export function relationRules(): readonly CheckedRule[] {
  return checked([
    'trace.has("UPDATE stock") before trace.has("POST /checkout").where(span.status == unset) within 1us',
    'trace.has("mail.send") starts after trace.has(audit.write).where(amount < 0)',
    'trace.has("INSERT payments") under trace.has("UPDATE stock")',
    'trace.has(any).where(span.kind == client) directly under trace.has(any).where(span.status == ok)',
    'not trace.has("SELECT carts") under any',
  ])
}

/** Rules that join two bound names by equality; each must look at all spans before it can answer. */
export function joinRules(): readonly CheckedRule[] {
  const pair = 'payment.charge as charge and cart.validate as cart and charge.cart.id == cart.cart.id'
  return checked([
    'when { payment.charge as charge } always { trace.has(cart.validate).where(cart.id == charge.cart.id) before charge }',
    `when { ${pair} } never { charge before cart }`,
    `${pair} and charge starts before cart within 5s`,
    `${pair} and cart under charge and charge.amount < 0`,
    'cart.validate as cart and trace.count(payment.charge.where(cart.id == cart.attr("cart.id"))) == 0',
  ])
}

/** Rules of these bodies, as a file has them. */
export function fileOf(bodies: readonly string[]): string {
  return bodies.map((body, index) => `// Signal: RULE_${index} (info)\n${body}\n`).join('\n')
}

function checked(bodies: readonly string[]): readonly CheckedRule[] {
  const text = fileOf(bodies)
  const { rules, problems } = checkRules([{ file: 'bench.rules', text }])
  const [problem] = problems
  if (problem !== undefined) throw new Error(`${problem.message} in line ${problem.range?.start.line}`)
  return rules
}
