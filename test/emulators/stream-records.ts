import type { DynamoDBRecord } from 'aws-lambda'
import type { Item } from '../../shared/aws/buffer/buffer-items.ts'

/** Distinguishes items; is a record's sequence number too. */
export function keyText(item: Item): string {
  return `${item.trace?.S}/${item.item?.S}`
}

/**
 * A record as a table's stream hands it to a function, by the examples in AWS's developer guide: the view is OLD_IMAGE,
 * so an insert has keys alone and a removal the whole item; binary values are base64; what expired was removed by the
 * service itself.
 */
export function streamRecord(eventName: 'INSERT' | 'REMOVE', item: Item): DynamoDBRecord {
  const { trace, item: sort, ...rest } = item
  const Keys = { trace: { S: trace?.S ?? '' }, item: { S: sort?.S ?? '' } }
  const removed = eventName === 'REMOVE'
  const values = Object.entries(rest).map(([name, value]) => [
    name,
    value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') },
  ])
  return {
    eventID: keyText(item),
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:dynamodb:us-east-1:123456789012:table/buffer/stream/2026-01-31T12:00:00.000',
    dynamodb: {
      ApproximateCreationDateTime: 1_764_000_000,
      Keys,
      SequenceNumber: keyText(item),
      SizeBytes: 200,
      StreamViewType: 'OLD_IMAGE',
      ...(removed && { OldImage: { ...Keys, ...Object.fromEntries(values) } }),
    },
    ...(removed && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
  }
}

/** A record of the stream of incidents: the keys of a head that was written. */
export function headRecord(pk: string, version: string): DynamoDBRecord {
  return {
    eventID: `${pk}/${version}`,
    eventName: 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      Keys: { pk: { S: pk }, sk: { S: '-' } },
      SequenceNumber: `${pk}/${version}`,
      SizeBytes: 60,
      StreamViewType: 'KEYS_ONLY',
    },
  }
}
