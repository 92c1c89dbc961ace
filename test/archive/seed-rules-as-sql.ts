/*
 * The shipped rules, written by hand as SQL: a query each for the traces that break it. `attr` is the value under a key
 * of the span, else of its resource; `number` and `text` are nothing where the value is of another type.
 */

export const MACROS = [
  `CREATE MACRO attr(attributes, resource, key) AS coalesce(
     nullif(json_extract(attributes, '$."' || key || '"'), 'null'),
     json_extract(resource, '$.attributes."' || key || '"'))`,
  `CREATE MACRO number(value) AS CASE WHEN json_type(value) IN ('UBIGINT', 'BIGINT', 'DOUBLE') THEN CAST(value AS DOUBLE) END`,
  `CREATE MACRO text(value) AS CASE WHEN json_type(value) = 'VARCHAR' THEN value ->> '$' END`,
]

const numberOf = (key: string) => `number(attr(attributes, resource, '${key}'))`
const textOf = (key: string) => `text(attr(attributes, resource, '${key}'))`
const some = (name: string, condition = 'true') => `coalesce(bool_or(name = '${name}' AND ${condition}), false)`

export const SEED_RULES_AS_SQL: Readonly<Record<string, string>> = {
  PAYMENT_INVARIANT_VIOLATION: `${some('payment.charge')} AND NOT ${some('cart.validate')}`,
  CACHE_BYPASS_DETECTED: `${some('api.request')} AND ${some('database.query')} AND NOT ${some('cache.check')}`,
  TENANT_ISOLATION_VIOLATION: `${some('database.query', `${textOf('tenant.id')} = 'tenant-A'`)}
    AND ${some('database.query', `regexp_matches(${textOf('table')}, 'tenant_b_data')`)}`,
  DATA_LOSS_DETECTED: some('database.failover', `${numberOf('data.lost')} > 0`),
  WRITE_TO_REPLICA_DETECTED: `${some('database.failover')}
    AND ${some('database.operation', `${textOf('operation')} = 'write'`)}
    AND ${some('database.operation', `${textOf('target')} = 'replica'`)}`,
  DROPPED_REQUESTS_DURING_FAILOVER: some('region.failover', `${numberOf('request.dropped')} > 0`),
  CROSS_REGION_DATA_ACCESS: `${some('database.query', `${textOf('region.current')} = 'EU'`)}
    AND ${some('database.query', `${textOf('database.region')} = 'US'`)}`,
  CIRCUIT_BREAKER_NOT_OPENED: `${some('api.error', `${numberOf('error_count')} >= 5`)}
    AND NOT ${some('circuit_breaker.state', `${textOf('state')} = 'open'`)}`,
  REQUEST_DURING_OPEN_CIRCUIT: `${some('circuit_breaker.state', `${textOf('state')} = 'open'`)}
    AND ${some('api.request')}`,
  RETRY_LIMIT_EXCEEDED: some('api.request', `${numberOf('retries')} > 3`),
  BACKOFF_TOO_AGGRESSIVE: some('retry.attempt', `${numberOf('interval_ms')} < ${numberOf('attempt')} * 100`),
}

export const violatingTraces = (condition: string) =>
  `SELECT lower(hex(trace_id)) AS trace_id FROM spans_latest GROUP BY trace_id HAVING ${condition} ORDER BY 1`
