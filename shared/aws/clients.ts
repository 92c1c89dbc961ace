import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { S3Client } from '@aws-sdk/client-s3'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SFNClient } from '@aws-sdk/client-sfn'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient } from '@aws-sdk/client-sqs'

/*
 * Clients as functions use them. Region, credentials, endpoint and attempts (three unless AWS_MAX_ATTEMPTS says otherwise)
 * come from the standard environment variables alone.
 * A call that hangs is given up early enough for the SDK's own retries to fit a function's timeout.
 */
const OPTIONS = {
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
} as const

export const dynamoClient = () => new DynamoDBClient(OPTIONS)
export const eventBridgeClient = () => new EventBridgeClient(OPTIONS)
export const s3Client = () => new S3Client(OPTIONS)
export const secretsClient = () => new SecretsManagerClient(OPTIONS)
export const sfnClient = () => new SFNClient(OPTIONS)
export const snsClient = () => new SNSClient(OPTIONS)
export const sqsClient = () => new SQSClient(OPTIONS)
