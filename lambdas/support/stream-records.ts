import type { DynamoDBRecord } from 'aws-lambda'
import { TABLE_KEYS } from '../../shared/aws/buffer/buffer-items.ts'

/** The trace a record of the table's stream belongs to. */
export function traceIdOf({ dynamodb }: DynamoDBRecord): string {
  return dynamodb?.Keys?.[TABLE_KEYS.partition]?.S ?? ''
}
