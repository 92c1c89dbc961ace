import type { CheckedRule } from '../rules/ast.ts'

/** A path of a page: `docs/rule-packs.md#slow_query`. A link with a scheme, a host or words is left as it is. */
const PAGE = /^\/?(?:[\w.~%-]+\/)*[\w.~%-]+\.(?:md|adoc|rst|txt|html?|pdf)(?:[?#]\S*)?$/i

/**
 * The rules with links to runbooks that work anywhere: a path of a page is looked for below `base`, an http or https
 * URL. Shipped rules name pages of their repository, and a pager shows signals far from it.
 */
export function withRunbookBase(rules: readonly CheckedRule[], base: string | undefined): readonly CheckedRule[] {
  if (base === undefined) return rules
  const folder = base.endsWith('/') ? base : `${base}/`
  return rules.map((rule) => {
    const { runbook } = rule.metadata
    if (runbook === undefined || !PAGE.test(runbook)) return rule
    const link = `${folder}${runbook.replace(/^\//, '')}`
    return { ...rule, metadata: { ...rule.metadata, runbook: link } }
  })
}
