import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse as parseCel } from '@marcbachmann/cel-js'
import { Engine } from 'json-rules-engine'
import { shopTraffic } from '../cli/demo/replay/traffic.ts'
import { folderStore } from '../local/archive/folder-store.ts'
import { objectKey } from '../shared/archive/object-key.ts'
import { traceRecord } from '../shared/archive/trace-record.ts'
import { writeObject } from '../shared/archive/write-object.ts'
import { planReplay } from '../shared/replay/plan.ts'
import { newWorker, workOn } from '../shared/replay/work.ts'
import { checkRules } from '../shared/rules/check/check.ts'
import { compileRules } from '../shared/rules/compile/compile.ts'
import { judge } from '../shared/rules/judge/judge.ts'
import { assembleTrace } from '../shared/trace/assemble.ts'
import { openQueries } from '../test/archive/duckdb.ts'
import { decodeTraces } from '../test/otlp/otlp-proto.ts'
import { seededRandom } from './data/random.ts'
import { type RecordedTrace, shopTrace } from './data/traces.ts'
import type { Case, Suite } from './suite.ts'

const TRACES = 40
const SPANS_OF_A_TRACE = 24

/** The same three rules, on the same traces from their bytes, by evaluators that people would otherwise build on. */
export const suite: Suite = { name: 'peers', cases: makeCases }

const RULES = `
// Signal: UNVALIDATED (high)
trace.has(payment.charge) and not trace.has(basket.validate)

// Signal: LARGE_CHARGE (high)
trace.has(payment.charge).where(amount > 4500 and currency == USD)

// Signal: MANY_ROWS (high)
trace.count("SELECT carts".where(db.response.returned_rows > 250)) > 1
`

/** A trace as such evaluators want it: spans as plain objects. */
interface PlainTrace {
  readonly spans: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[]
}

/** How many rules each trace breaks, in the order of the traces. */
type Verdicts = readonly number[]

async function makeCases(): Promise<readonly Case[]> {
  const random = seededRandom(7)
  const recorded = Array.from({ length: TRACES }, () => shopTrace(random, SPANS_OF_A_TRACE))
  const set = compileRules(checkRules([{ file: 'peers.rules', text: RULES }]).rules)
  const ours = () =>
    recorded.map(({ traceId, bytes }) =>
      violated(judge(set, assembleTrace(traceId, [bytes])).map((each) => each.outcome)),
    )
  const cel = celEvaluator()
  const engine = jsonRules()
  const decoded = recorded.map(plainTrace)
  const assembled = recorded.map(({ traceId, bytes }) => assembleTrace(traceId, [bytes]))
  const judged = () => assembled.map((trace) => violated(judge(set, trace).map(({ outcome }) => outcome)))
  const perSpan = { units: TRACES * SPANS_OF_A_TRACE, unit: 'span' }
  const peer = (name: string, run: () => Verdicts | Promise<Verdicts>, baseline: string): Case => ({
    ...{ name, run, ...perSpan },
    against: { baseline, ratio: 'times slower' },
  })
  const peers = [
    peer('CEL, spans decoded by protobufjs', () => recorded.map((trace) => cel(plainTrace(trace))), FROM_BYTES),
    peer('json-rules-engine, spans decoded by protobufjs', () => inTurn(recorded.map(plainTrace), engine), FROM_BYTES),
    peer('CEL, spans decoded before', () => decoded.map(cel), ASSEMBLED),
    peer('json-rules-engine, spans decoded before', () => inTurn(decoded, engine), ASSEMBLED),
  ]
  const expected = JSON.stringify(ours())
  for (const { name, run } of peers) {
    if (JSON.stringify(await run()) !== expected) throw new Error(`${name} disagrees on the verdicts`)
  }
  const own = [
    { name: FROM_BYTES, run: ours, ...perSpan },
    { name: ASSEMBLED, run: judged, ...perSpan },
  ]
  return [...own, ...peers, ...(await archiveCases())]
}

const FROM_BYTES = 'BeTrace, from bytes'
const ASSEMBLED = 'BeTrace, trace assembled before'

const violated = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === 'violated').length

/** What the shop's spans are to protobufjs, as far as it matters here. */
interface Decoded {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string
        readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
      }[]
    }[]
  }[]
}

function plainTrace({ bytes }: RecordedTrace): PlainTrace {
  const spans = (decodeTraces(bytes) as unknown as Decoded).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map(({ name, attributes = [] }) => ({
        name,
        attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)])),
      })),
    ),
  )
  return { spans }
}

function plainValue(value: Readonly<Record<string, unknown>>): unknown {
  const [kind = '', plain] = Object.entries(value)[0] ?? []
  return kind === 'intValue' ? Number(plain) : plain
}

function celEvaluator(): (trace: PlainTrace) => number {
  const rules = [
    'spans.exists(s, s.name == "payment.charge") && !spans.exists(s, s.name == "basket.validate")',
    `spans.exists(s, s.name == "payment.charge" && "amount" in s.attributes && "currency" in s.attributes
       && s.attributes["amount"] > 4500.0 && s.attributes["currency"] == "USD")`,
    `spans.filter(s, s.name == "SELECT carts" && "db.response.returned_rows" in s.attributes
       && s.attributes["db.response.returned_rows"] > 250.0).size() > 1`,
  ].map((text) => parseCel(text))
  return (trace) => rules.filter((rule) => rule(trace) === true).length
}

/** It knows no quantifiers: each rule asks a fact computed from the spans, as its documentation advises. */
function jsonRules(): (trace: PlainTrace) => Promise<number> {
  const engine = new Engine()
  const rule = (...all: readonly { fact: string; operator: string; value: unknown; params?: object }[]) =>
    engine.addRule({ conditions: { all: [...all] }, event: { type: 'violated' } })
  engine.addFact('names', async (_, almanac) => spansOf(await almanac.factValue('spans')).map(({ name }) => name))
  engine.addFact('large charges in dollars', async (_, almanac) => {
    const spans = spansOf(await almanac.factValue('spans'))
    const large = ({ amount, currency }: Readonly<Record<string, unknown>>) =>
      Number(amount) > 4500 && currency === 'USD'
    return spans.filter(({ name, attributes }) => name === 'payment.charge' && large(attributes)).length
  })
  engine.addFact('reads of many rows', async (_, almanac) => {
    const spans = spansOf(await almanac.factValue('spans'))
    const many = (attributes: Readonly<Record<string, unknown>>) =>
      Number(attributes['db.response.returned_rows']) > 250
    return spans.filter(({ name, attributes }) => name === 'SELECT carts' && many(attributes)).length
  })
  rule(
    { fact: 'names', operator: 'contains', value: 'payment.charge' },
    { fact: 'names', operator: 'doesNotContain', value: 'basket.validate' },
  )
  rule({ fact: 'large charges in dollars', operator: 'greaterThan', value: 0 })
  rule({ fact: 'reads of many rows', operator: 'greaterThan', value: 1 })
  return async ({ spans }) => (await engine.run({ spans })).events.length
}

const spansOf = (fact: unknown) => fact as PlainTrace['spans']

async function inTurn(
  traces: readonly PlainTrace[],
  evaluate: (trace: PlainTrace) => Promise<number>,
): Promise<Verdicts> {
  const verdicts: number[] = []
  for (const trace of traces) verdicts.push(await evaluate(trace))
  return verdicts
}

const RANGE = { fromMs: Date.UTC(2025, 9, 15, 8), toMs: Date.UTC(2025, 9, 15, 9) }
const NAMES_RULE = '// Signal: RULE (high)\ntrace.has(cache.get) and not trace.has(payment.charge)\n'
const NAMES_SQL = `SELECT count(*) AS traces FROM (SELECT trace_id FROM spans_latest GROUP BY trace_id
  HAVING bool_or(name = 'cache.get') AND NOT bool_or(name = 'payment.charge'))`
const FILTER_RULE = '// Signal: RULE (high)\ntrace.has(api.request).where(retries > 2)\n'
const FILTER_SQL = `SELECT count(DISTINCT trace_id) AS traces FROM spans_latest
  WHERE name = 'api.request' AND try_cast(json_extract(attributes, '$.retries') AS DOUBLE) > 2`

/** An hour of traces as one object of a folder: by replay, in one thread, and by DuckDB's SQL, on all of them. */
async function archiveCases(): Promise<readonly Case[]> {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const traffic = { fromMs: RANGE.fromMs, hours: 1, tracesAnHour: 20_000, violations: 50, seed: 3 }
  const records = [...shopTraffic(traffic, () => {})].map(({ traceId, startMs, chunk }) =>
    traceRecord({
      ...{ traceId, chunks: [chunk], filing: { atMs: startMs, by: 'start' }, revision: 1 },
      ...{ reason: 'verdict', complete: true, truncated: false },
    }),
  )
  const { bytes, summary } = writeObject(records)
  const store = folderStore(folder)
  await store.put(objectKey(RANGE.fromMs, bytes, 'written'), bytes)
  const plan = await planReplay(store, RANGE, { mostItemBytes: 1e12 })
  const queries = await openQueries(folder)
  const perSpan = { units: summary.spans, unit: 'span' }
  const pair = async (what: string, rule: string, sql: string): Promise<readonly Case[]> => {
    const baseline = `replay of an archived hour: ${what}`
    const worker = newWorker(store, compileRules(checkRules([{ file: 'peers.rules', text: rule }]).rules), RANGE, 1)
    const replayed = async () => {
      let count = 0
      for (const item of plan.items) count += (await workOn(worker, item)).rules[0]?.outcomes.violated ?? 0
      return count
    }
    const queried = async () => Number((await queries.run(sql))[0]?.traces)
    const [ours, theirs] = [await replayed(), await queried()]
    if (ours !== theirs || ours === 0) throw new Error(`${what}: replay finds ${ours}, DuckDB ${theirs}`)
    return [
      { name: baseline, run: replayed, ...perSpan },
      { name: `DuckDB: ${what}`, run: queried, ...perSpan, against: { baseline, ratio: 'times slower' } },
    ]
  }
  return [...(await pair('names alone', NAMES_RULE, NAMES_SQL)), ...(await pair('a filter', FILTER_RULE, FILTER_SQL))]
}
