import { Match } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { documentedQueries } from '../../infra/queries.ts'
import { COLUMNS } from '../../shared/archive/columns.ts'
import { SPANS_LATEST_SQL } from '../../shared/archive/spans-latest.ts'
import { ofType, type Synthesized, synthesize, WITHOUT_BUNDLES } from './synthesized.ts'

let stack: Synthesized
beforeAll(() => {
  stack = synthesize({ ...WITHOUT_BUNDLES, environment: 'eu-1', archiveDays: 30, athenaScanGb: 5 })
}, 60_000)

const tableInput = (name: string) =>
  ofType(stack, 'AWS::Glue::Table')
    .map(({ Properties }) => Properties.TableInput)
    .find((input) => input.Name === name)

describe('the archive in SQL', () => {
  test('is a table of spans with the columns of its files, whose partitions follow from the path', () => {
    const spans = tableInput('spans')
    expect(spans.StorageDescriptor.Columns.map(({ Name }: { Name: string }) => Name)).toEqual(
      COLUMNS.map(({ name }) => name),
    )
    expect(spans.StorageDescriptor.SerdeInfo.SerializationLibrary).toMatch(/parquet/)
    expect(spans.PartitionKeys.map(({ Name }: { Name: string }) => Name)).toEqual(['dt', 'hour'])
    expect(spans.Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.dt.range': 'NOW-38DAYS,NOW+1DAYS',
      'projection.hour.digits': '2',
    })
    expect(JSON.stringify(spans.Parameters['storage.location.template'])).toMatch(
      /\/spans\/dt=\$\{dt\}\/hour=\$\{hour\}\//,
    )
  })

  test('has signals beside the spans', () => {
    expect(JSON.stringify(tableInput('signals').StorageDescriptor.Location)).toContain('/signals/')
    const columns = tableInput('signals').StorageDescriptor.Columns.map(({ Name }: { Name: string }) => Name)
    expect(columns).toEqual(expect.arrayContaining(['id', 'signalid', 'mode', 'status', 'sequence', 'data']))
  })

  test('has a view of the last revisions, written as Athena writes views', () => {
    const { ViewOriginalText, TableType, StorageDescriptor } = tableInput('spans_latest')
    const [, json = ''] = /^\/\* Presto View: (\S+) \*\/$/.exec(ViewOriginalText) ?? []
    const view = JSON.parse(Buffer.from(json, 'base64').toString())
    expect(view).toMatchObject({ originalSql: SPANS_LATEST_SQL, catalog: 'awsdatacatalog', schema: 'betrace_eu_1' })
    expect(TableType).toBe('VIRTUAL_VIEW')
    expect(view.columns.map(({ name }: { name: string }) => name)).toEqual(
      StorageDescriptor.Columns.map(({ Name }: { Name: string }) => Name),
    )
  })

  test('is asked within a limit, and answers are encrypted and forgotten', () => {
    stack.template.hasResourceProperties('AWS::Athena::WorkGroup', {
      Name: 'betrace-eu-1',
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 5e9,
        ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
      },
    })
    stack.template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([Match.objectLike({ Prefix: 'athena/', ExpirationInDays: 7 })]),
      },
    })
  })

  test('comes with the questions of the documentation, asked of today', () => {
    const named = ofType(stack, 'AWS::Athena::NamedQuery').map(({ Properties }) => Properties)
    expect(named.map(({ Name, QueryString }) => [Name, QueryString])).toEqual(
      documentedQueries().map(({ question, sql }) => [question, sql]),
    )
    expect(named.length).toBeGreaterThanOrEqual(5)
    for (const { QueryString, Database } of named) {
      expect([Database, QueryString]).toEqual(['betrace_eu_1', expect.stringContaining('dt = CAST(current_date')])
    }
  })

  test('leaves cdk-nag nothing to find', () => {
    expect(stack.violations).toEqual([])
  })
})
