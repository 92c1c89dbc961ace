import type { Lint } from './warning.ts'

/** Last words of attributes that have another value on nearly every trace. */
const IDS =
  /(?:^|[._:/-])(?:id|ids|uid|uuid|guid|key|token|hash|email|ip|address|url|uri|path|query|text|message|stacktrace|timestamp|time|duration|amount|size|count)$|[a-z]Id$/i
/** These end so, and have few values. */
const FEW = new Set([
  'cloud.account.id',
  'faas.id',
  'tenant.id',
  'cloud.resource_id',
  'aws.ecs.cluster.arn',
  'server.address',
])

/** `// Group: order.id` makes an incident, and a page, of every order. */
export const reportGroupsById: Lint =
  () =>
  ({ rule }, report) => {
    const { group } = rule.metadata
    if (group === undefined || FEW.has(group) || !IDS.test(group)) return
    report({
      code: 'group-by-id',
      message: `${group} probably has another value on each trace, and each value is an incident of its own`,
      hint: 'group by an attribute with few values, such as cloud.region or deployment.environment.name',
      range: rule.nameRange,
    })
  }
