import type { Duration } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import { EventSourceMapping, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { CHUNK_PREFIX, TABLE_KEYS } from '../shared/aws/buffer/buffer-items.ts'
import { FAILURE_PREFIX } from '../shared/aws/deployment.ts'
import type { BetraceFunction } from './lambda-function.ts'
import { ALARM_PERIOD } from './pager.ts'
import { acknowledge, allow, allowUnder } from './permissions.ts'
import type { Storage } from './storage.ts'

export interface StreamSourceProps {
  readonly batchSize: number
  readonly maxBatchingWindow: Duration
  /** -1: until the record leaves the stream, a day after it was written. */
  readonly retryAttempts: number
  readonly table: Table
  /** Which items, by a key and how it begins. */
  readonly items: { readonly key: string; readonly prefix: string }
  /** Which records about them. */
  readonly pattern: Readonly<Record<string, unknown>>
}

/** Chunks alone, of all that the buffer's table holds. */
export const CHUNKS = { key: TABLE_KEYS.sort, prefix: CHUNK_PREFIX } as const

/**
 * Hands records of a table's stream to a function. What is given up goes, whole, to the archive bucket: of all
 * destinations only S3 gets the payload.
 */
export function streamSource(
  scope: Construct,
  id: string,
  { function: target, role }: BetraceFunction,
  { archive }: Storage,
  { table, items, pattern, ...props }: StreamSourceProps,
): EventSourceMapping {
  const streamArn = table.tableStreamArn ?? ''
  allow(role, ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'], [streamArn])
  allow(role, ['dynamodb:ListStreams'], ['*'])
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'dynamodb:ListStreams, which Lambda needs to read a stream, offers no resource to name',
  )
  allowUnder(role, ['s3:PutObject'], archive, [FAILURE_PREFIX])
  allow(role, ['s3:ListBucket'], [archive.bucketArn])
  const itemsOnly = { Keys: { [items.key]: { S: [{ prefix: items.prefix }] } } }
  const source = new EventSourceMapping(scope, id, {
    target,
    eventSourceArn: streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    ...props,
    filters: [{ pattern: JSON.stringify({ ...pattern, dynamodb: itemsOnly }) }],
    onFailure: { bind: () => ({ destination: archive.bucketArn }) },
    metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
  })
  // Lambda checks the role when the mapping is made.
  source.node.addDependency(role)
  return source
}

/** Records of a source that went to the archive bucket because the function never managed them. */
export function failedRecords(consumer: BetraceFunction, source: EventSourceMapping): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'OnFailureDestinationDeliveredEventCount',
    dimensionsMap: {
      FunctionName: consumer.function.functionName,
      EventSourceMappingUUID: source.eventSourceMappingId,
    },
    period: ALARM_PERIOD,
    statistic: 'Sum',
  })
}
