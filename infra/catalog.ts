import { Aws } from 'aws-cdk-lib'
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena'
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue'
import { Construct } from 'constructs'
import { COLUMNS, type Column } from '../shared/archive/columns.ts'
import { SPANS_PREFIX } from '../shared/archive/object-key.ts'
import { SIGNALS_PREFIX } from '../shared/archive/signal-objects.ts'
import { SPANS_LATEST_SQL } from '../shared/archive/spans-latest.ts'
import { QUERY_RESULTS_PREFIX } from '../shared/aws/deployment.ts'
import type { StackContext } from './lambda-function.ts'
import { acknowledge } from './permissions.ts'
import { documentedQueries } from './queries.ts'
import type { Storage } from './storage.ts'

interface GlueColumn {
  readonly name: string
  readonly type: string
}

/** Types as Glue's tables name them, and as Athena's views do. */
const TYPES: Readonly<Record<Column['type'], { readonly glue: string; readonly view: string }>> = {
  text: { glue: 'string', view: 'varchar' },
  bytes: { glue: 'binary', view: 'varbinary' },
  int32: { glue: 'int', view: 'integer' },
  int64: { glue: 'bigint', view: 'bigint' },
  double: { glue: 'double', view: 'double' },
  boolean: { glue: 'boolean', view: 'boolean' },
  timestamp: { glue: 'timestamp', view: 'timestamp(3)' },
}

const PARTITIONS: readonly GlueColumn[] = ['dt', 'hour'].map((name) => ({ name, type: 'string' }))

const SIGNAL_DATA = [
  'signal:string',
  'severity:string',
  'description:string',
  'runbook:string',
  'owner:string',
  'tags:array<string>',
  'rulerevision:string',
  'traceid:string',
  'service:string',
  'complete:boolean',
  'evidence:struct<text:string,truncated:boolean>',
  'experiments:array<string>',
]

const SIGNAL_COLUMNS: readonly GlueColumn[] = [
  ...['id', 'signalid', 'source', 'type', 'subject', 'time', 'mode', 'status'].map((name) => ({
    name,
    type: 'string',
  })),
  { name: 'sequence', type: 'int' },
  { name: 'shadow', type: 'boolean' },
  { name: 'data', type: `struct<${SIGNAL_DATA.join(',')}>` },
]

/** The archive as tables of SQL: Glue knows them without a crawler, Athena asks them within a limit of what a query reads. */
export class Catalog extends Construct {
  readonly workgroup: string

  constructor(scope: Construct, context: StackContext, storage: Storage) {
    super(scope, 'Catalog')
    const databaseName = context.namespace.replaceAll('-', '_')
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: { name: databaseName, description: 'BeTrace: judged traces and their signals' },
    })
    const table = (id: string, tableInput: CfnTable.TableInputProperty) => {
      const made = new CfnTable(this, id, { catalogId: Aws.ACCOUNT_ID, databaseName, tableInput })
      made.addResourceDependency(database)
      return made
    }
    const spans = table('Spans', {
      name: 'spans',
      description: 'every revision of every trace, a row a span; ask spans_latest unless you want all of them',
      ...partitioned(context, storage, SPANS_PREFIX, {
        columns: COLUMNS.map(({ name, type }) => ({ name, type: TYPES[type].glue })),
        inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
        serdeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
      }),
    })
    table('Signals', {
      name: 'signals',
      description: 'every status change of every signal, also those that were not sent; of equal ids one counts',
      ...partitioned(context, storage, SIGNALS_PREFIX, {
        columns: [...SIGNAL_COLUMNS],
        inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
        serdeInfo: { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
      }),
    })
    const latest = table('SpansLatest', spansLatest(databaseName))
    latest.addResourceDependency(spans)
    const workgroup = this.addWorkgroup(context, storage)
    this.workgroup = workgroup.name
    for (const [index, { question, sql }] of documentedQueries().entries()) {
      const query = new CfnNamedQuery(this, `Query${index}`, {
        name: question,
        database: databaseName,
        queryString: sql,
        workGroup: workgroup.name,
      })
      query.addResourceDependency(workgroup)
    }
  }

  private addWorkgroup(context: StackContext, { archive }: Storage): CfnWorkGroup {
    const { settings, key, namespace } = context
    const encryptionConfiguration =
      key === undefined ? { encryptionOption: 'SSE_S3' } : { encryptionOption: 'SSE_KMS', kmsKey: key.keyArn }
    const workgroup = new CfnWorkGroup(this, 'Workgroup', {
      name: namespace,
      description: 'BeTrace: questions to the archive',
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: settings.athenaScanGb * 1e9,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${archive.bucketName}/${QUERY_RESULTS_PREFIX}`,
          encryptionConfiguration,
        },
      },
    })
    if (key !== undefined) acknowledge(workgroup, 'ATH1', 'results are encrypted under the customer key')
    return workgroup
  }
}

/** Partitions follow from the path, so that nobody has to add them: an hour is there as soon as its first object is. */
function partitioned(
  { settings }: StackContext,
  { archive }: Storage,
  prefix: string,
  storageDescriptor: CfnTable.StorageDescriptorProperty,
): CfnTable.TableInputProperty {
  const location = `s3://${archive.bucketName}/${prefix}`
  return {
    tableType: 'EXTERNAL_TABLE',
    partitionKeys: [...PARTITIONS],
    parameters: {
      EXTERNAL: 'TRUE',
      'projection.enabled': 'true',
      'projection.dt.type': 'date',
      'projection.dt.format': 'yyyy-MM-dd',
      // Traces are filed up to 7 days before, and an hour after, they arrive.
      'projection.dt.range': `NOW-${settings.archiveDays + 8}DAYS,NOW+1DAYS`,
      'projection.hour.type': 'integer',
      'projection.hour.range': '0,23',
      'projection.hour.digits': '2',
      'storage.location.template': `${location}dt=\${dt}/hour=\${hour}/`,
    },
    storageDescriptor: { location, ...storageDescriptor },
  }
}

/** A view as Athena itself leaves it in Glue: Presto's JSON in a comment, columns beside it. */
function spansLatest(databaseName: string): CfnTable.TableInputProperty {
  const columns = [
    ...COLUMNS.map(({ name, type }) => ({ name, ...TYPES[type] })),
    ...PARTITIONS.map(({ name }) => ({ name, ...TYPES.text })),
  ]
  const view = {
    originalSql: SPANS_LATEST_SQL,
    catalog: 'awsdatacatalog',
    schema: databaseName,
    columns: columns.map(({ name, view: type }) => ({ name, type })),
  }
  return {
    name: 'spans_latest',
    description: 'each span once, as of the last verdict on its trace',
    tableType: 'VIRTUAL_VIEW',
    parameters: { presto_view: 'true', comment: 'Presto View' },
    viewOriginalText: `/* Presto View: ${Buffer.from(JSON.stringify(view)).toString('base64')} */`,
    viewExpandedText: '/* Presto View */',
    storageDescriptor: { columns: columns.map(({ name, glue: type }) => ({ name, type })), location: '' },
  }
}
