import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { documentedQueries } from '../../infra/queries.ts'
import { folderStore } from '../../local/archive/folder-store.ts'
import { rulesOf } from '../reference/rules.ts'
import { mixedNanos, type SpanSketch } from '../reference/traces.ts'
import { archive, recordOf, replay, START_MS } from '../replay/archived.ts'
import { openQueries } from './duckdb.ts'

const step: fc.Arbitrary<SpanSketch> = fc.record({
  name: fc.constantFrom('cart.validate', 'payment.charge'),
  startNanos: mixedNanos,
  durationNanos: fc.oneof(mixedNanos, fc.constant(-1n)),
})

test('the documented question about an order finds what the rule finds in replay, whatever the clocks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-order-'))
  try {
    const store = folderStore(folder)
    const traces = fc.sample(fc.array(step, { minLength: 1, maxLength: 4 }), { numRuns: 500, seed: 9 })
    const records = traces.map((spans, index) =>
      recordOf({ traceId: (index + 1).toString(16).padStart(32, '0'), spans, atMs: START_MS }),
    )
    await archive(store, records)
    const report = await replay(store, rulesOf('when { payment.charge as c } always { cart.validate before c }'))
    const violating = report.rules[0]?.samples.map(({ traceId }) => traceId).sort()

    const { sql = '' } = documentedQueries().find(({ question }) => question.startsWith('Which charges began')) ?? {}
    const queries = await openQueries(folder)
    const rows = await queries.run(sql.replace(/dt = CAST.*? AND/, 'true AND'))
    queries.close()

    expect([...new Set(rows.map(({ trace_id }) => trace_id))].sort()).toEqual(violating)
    expect(violating?.length).toBeGreaterThan(100)
    expect(violating?.length).toBeLessThan(400)
  } finally {
    await rm(folder, { recursive: true })
  }
})
