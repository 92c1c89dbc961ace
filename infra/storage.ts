import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type TableProps,
} from 'aws-cdk-lib/aws-dynamodb'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { SPANS_PREFIX } from '../shared/archive/object-key.ts'
import { SIGNALS_PREFIX } from '../shared/archive/signal-objects.ts'
import { STATES_PREFIX } from '../shared/archive/state-objects.ts'
import { TABLE_KEYS } from '../shared/aws/buffer/buffer-items.ts'
import { FAILURE_PREFIX, QUERY_RESULTS_PREFIX } from '../shared/aws/deployment.ts'
import { INCIDENT_KEYS, OPEN_INDEX } from '../shared/aws/incidents/incident-items.ts'
import { REPLAYS_PREFIX } from '../shared/aws/replay/replay-runs.ts'
import type { StackContext } from './lambda-function.ts'
import { acknowledge } from './permissions.ts'

/** Failed stream records are looked at within days or never. */
const FAILURE_DAYS = 14
/** Reports of replays; whoever wants one longer copies it. */
const REPLAY_DAYS = 30
/** How long Athena reuses a result without reading the data again; results hold span content. */
const QUERY_RESULT_DAYS = 7
const OLD_RULE_VERSION_DAYS = 90

/** Where traces wait, rules lie and judged traces are kept. */
export class Storage extends Construct {
  readonly table: Table
  /** Incidents, and what receivers were notified of them. */
  readonly incidents: Table
  readonly rules: Bucket
  readonly archive: Bucket

  constructor(scope: Construct, context: StackContext) {
    super(scope, 'Storage')
    const { settings } = context
    this.table = new Table(this, 'Table', {
      ...tableProps(context, TABLE_KEYS),
      // Keys where something was inserted, the image where it was removed: a timer needs no more, a rescue no less.
      stream: StreamViewType.OLD_IMAGE,
    })
    this.incidents = new Table(this, 'Incidents', {
      ...tableProps(context, INCIDENT_KEYS),
      // Keys alone: the dispatcher reads the incident as it is by then.
      stream: StreamViewType.KEYS_ONLY,
    })
    this.incidents.addGlobalSecondaryIndex({
      indexName: OPEN_INDEX.name,
      partitionKey: { name: OPEN_INDEX.partition, type: AttributeType.STRING },
      sortKey: { name: OPEN_INDEX.sort, type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [...OPEN_INDEX.others],
    })
    this.rules = new Bucket(this, 'Rules', {
      ...bucketProps(context),
      versioned: true,
      lifecycleRules: [
        { noncurrentVersionExpiration: Duration.days(OLD_RULE_VERSION_DAYS), noncurrentVersionsToRetain: 10 },
      ],
    })
    this.archive = new Bucket(this, 'Archive', {
      ...bucketProps(context),
      lifecycleRules: [
        { prefix: FAILURE_PREFIX, expiration: Duration.days(FAILURE_DAYS) },
        { prefix: REPLAYS_PREFIX, expiration: Duration.days(REPLAY_DAYS) },
        { prefix: QUERY_RESULTS_PREFIX, expiration: Duration.days(QUERY_RESULT_DAYS) },
        ...[SPANS_PREFIX, SIGNALS_PREFIX, STATES_PREFIX].map((prefix) => ({
          prefix,
          expiration: Duration.days(settings.archiveDays),
        })),
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    })
    for (const bucket of [this.rules, this.archive]) {
      acknowledge(
        bucket,
        'S1',
        'every object is written and read by the functions, whose logs tell; access logs would cost more than the archive',
      )
    }
  }
}

/** The index of what is open in the table of incidents. */
export function indexArn(incidents: Table): string {
  return `${incidents.tableArn}/index/${OPEN_INDEX.name}`
}

const LOG_KEY_ACTIONS = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'DescribeKey']

/** A key in the stack that the services which encrypt on their own behalf may use. */
export function customerKey(scope: Construct, keepData: boolean): Key {
  const key = new Key(scope, 'Key', {
    description: 'BeTrace: traces, rules, signals, logs and keys at rest',
    enableKeyRotation: true,
    removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  })
  // CloudWatch Logs uses the key itself, for the log groups of this account only.
  const { partition, region, account } = Stack.of(scope)
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: LOG_KEY_ACTIONS.map((action) => `kms:${action}`),
      resources: ['*'],
      conditions: {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    }),
  )
  return key
}

interface TableKeys {
  readonly partition: string
  readonly sort: string
  readonly expiry: string
}

function tableProps(context: StackContext, { partition, sort, expiry }: TableKeys) {
  const { settings, key } = context
  return {
    partitionKey: { name: partition, type: AttributeType.STRING },
    sortKey: { name: sort, type: AttributeType.STRING },
    timeToLiveAttribute: expiry,
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: removal(context),
    deletionProtection: settings.keepData,
    ...(key === undefined
      ? { encryption: TableEncryption.DEFAULT }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: key }),
  } satisfies Partial<TableProps>
}

function bucketProps(context: StackContext): BucketProps {
  const { key } = context
  return {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: removal(context),
    autoDeleteObjects: !context.settings.keepData,
    ...(key === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
  }
}

function removal({ settings }: StackContext): RemovalPolicy {
  return settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
}
