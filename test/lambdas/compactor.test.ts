import type { Context } from 'aws-lambda'
import { beforeEach, expect, test, vi } from 'vitest'
import { readCatalogue } from '../../shared/archive/read-catalogue.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { ENVIRONMENT } from '../../shared/aws/deployment.ts'
import { seedPacks } from '../../shared/aws/rules/rule-seeding.ts'
import { readHourSummary } from '../../shared/replay/states/hour-summary.ts'
import { runInProcess } from '../cli/fake-terminal.ts'
import { deployed } from '../cli/stack/deployed.ts'
import { faux } from '../emulators/faux.ts'
import { startLambdaEndpoint } from '../emulators/lambda-endpoint.ts'
import { CONTEXT } from '../emulators/local-stack.ts'
import { archive, HOUR_MS, recordOf } from '../replay/archived.ts'

deployed()
const emulator = faux()
type Handler = (event: object, context: Context) => Promise<unknown>
let compact: (event?: object) => Promise<unknown>
beforeEach(async () => {
  emulator().server.purgeAll()
  for (const bucket of ['archive', 'rules']) emulator().server.createBucket(bucket)
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: emulator().endpoint,
    [ENVIRONMENT.functionName]: 'compactor',
    [ENVIRONMENT.metricNamespace]: 'test',
    [ENVIRONMENT.archiveBucket]: 'archive',
    [ENVIRONMENT.rulesBucket]: 'rules',
    [ENVIRONMENT.redactedKeys]: '["redacted.*"]',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  })
  vi.resetModules()
  const handler = (await import('../../lambdas/compactor.ts')).handler as unknown as Handler
  compact = (event = {}) => handler(event, { ...CONTEXT, getRemainingTimeInMillis: () => 900_000 })
})

const store = () => s3ObjectStore({ client: emulator().s3, name: 'archive' })
const put = (traceId: string, atMs: number) =>
  archive(store(), [recordOf({ traceId: traceId.repeat(32), spans: [{ name: 'a' }], atMs })])

test('the compactor merges the objects of an hour that is over, and names what it cannot read', async () => {
  const atMs = Date.now() - 3 * HOUR_MS
  const keys = [await put('a', atMs), await put('b', atMs), await put('c', atMs)].flat()
  await store().put(keys[2] ?? '', Buffer.from('no Parquet, and long enough to be one'))
  expect(await compact()).toMatchObject({ state: 'done', merged: 2, written: 1, left: 0, failures: [{ key: keys[2] }] })
  const found = (await store().list('spans/')).map(({ key }) => key)
  expect(found).toHaveLength(4)
})

test('the catalogues of what the compactor merges repeat no values of redacted keys', async () => {
  const atMs = Date.now() - 3 * HOUR_MS
  const attributes = { 'redacted.name': 'alice', amount: 5n }
  for (const digit of ['a', 'b', 'c']) {
    await archive(store(), [recordOf({ traceId: digit.repeat(32), spans: [{ name: 'a', attributes }], atMs })])
  }
  const examples = async () => {
    const { catalogue } = await readCatalogue(store(), { fromMs: atMs, toMs: Date.now() })
    return [...(catalogue.names.get('a')?.attributes ?? [])].map(([key, seen]) => [key, seen.examples])
  }
  expect(await examples()).toEqual([
    ['amount', ['5']],
    ['redacted.name', ['"alice"']],
  ])
  expect(await compact()).toMatchObject({ merged: 3, written: 1 })
  expect(await examples()).toEqual([
    ['amount', ['5']],
    ['redacted.name', []],
  ])
})

test('the compactor summarises what the rules in force found in closed hours, once', async () => {
  const text = '// Signal: A_SEEN (high)\ntrace.has(a)\n'
  await seedPacks({ client: emulator().s3, name: 'rules' }, [{ file: 'packs/test.rules', text }])
  for (const digit of ['a', 'b', 'c']) await put(digit, Date.now() - 3 * HOUR_MS)
  await put('d', Date.now())
  expect(await compact()).toMatchObject({ state: 'done', merged: 3 })
  const [summary, ...others] = await store().list('states/')
  if (summary === undefined) throw new Error('there is no summary')
  expect(others).toEqual([])
  const rules = [{ rule: 'A_SEEN', exercised: 3, violated: 3 }]
  expect(await readHourSummary(store(), summary)).toMatchObject({ traces: 3, rules })
  await compact()
  expect(await store().list('states/')).toEqual([summary])
})

test('a compaction without rules in force, or on request, still merges', async () => {
  for (const digit of ['a', 'b', 'c']) await put(digit, Date.now() - 3 * HOUR_MS)
  expect(await compact({ from: '-1d' })).toMatchObject({ state: 'done', merged: 3 })
  expect(await store().list('states/')).toEqual([])
  emulator().server.purgeAll()
  emulator().server.createBucket('archive')
  expect(await compact()).toMatchObject({ state: 'done' })
})

test('betrace compact --stack makes the compactor go through a range, and shows the result', async () => {
  const atMs = Date.now() - 30 * HOUR_MS
  for (const digit of ['a', 'b', 'c']) await put(digit, atMs)
  const endpoint = await startLambdaEndpoint({ compactor: compact })
  try {
    const { exitCode, out } = await runInProcess(['compact', '--stack', 'betrace-main'])
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^3 files \(.*\) merged into 1 /)])
  } finally {
    endpoint.stop()
  }
})

test('betrace compact --stack --here merges on the machine it runs on', async () => {
  const atMs = Date.now() - 30 * HOUR_MS
  for (const digit of ['a', 'b', 'c']) await put(digit, atMs)
  const { exitCode, out } = await runInProcess(['compact', '--stack', 'betrace-main', '--here'])
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^3 files \(.*\) merged into 1 /)])
})

test('the compactor refuses an empty range', async () => {
  expect(await compact({ from: 'yesterday' })).toMatchObject({ state: 'refused', error: { code: 'bad-time' } })
})
