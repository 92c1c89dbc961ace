/*
 * AWS list prices of us-east-1 in US dollars, without free tiers and volume discounts, as published in mid 2025.
 * Each names the page it stands on; look there before you rely on one.
 */

/** A price, the number of units it is for, and where it is published. */
export interface Price {
  readonly usd: number
  readonly per: number
  readonly unit: string
  readonly page: string
}

const MILLION = 1_000_000
const dynamo = 'https://aws.amazon.com/dynamodb/pricing/on-demand/'
const lambda = 'https://aws.amazon.com/lambda/pricing/'
const s3 = 'https://aws.amazon.com/s3/pricing/'
const kms = 'https://aws.amazon.com/kms/pricing/'
const waf = 'https://aws.amazon.com/waf/pricing/'
const cloudWatch = 'https://aws.amazon.com/cloudwatch/pricing/'

export const PRICES = {
  writeUnit: { usd: 0.625, per: MILLION, unit: 'DynamoDB write request units', page: dynamo },
  readUnit: { usd: 0.125, per: MILLION, unit: 'DynamoDB read request units', page: dynamo },
  tableGbMonth: { usd: 0.25, per: 1, unit: 'GB-month in DynamoDB', page: dynamo },
  recoveryGbMonth: { usd: 0.2, per: 1, unit: 'GB-month of point-in-time recovery', page: dynamo },
  gatewayRequest: {
    usd: 3.5,
    per: MILLION,
    unit: 'REST API requests',
    page: 'https://aws.amazon.com/api-gateway/pricing/',
  },
  invocation: { usd: 0.2, per: MILLION, unit: 'Lambda requests', page: lambda },
  gbSecond: { usd: 0.0000133334, per: 1, unit: 'Lambda GB-seconds (arm64)', page: lambda },
  queueRequest: { usd: 0.4, per: MILLION, unit: 'SQS requests', page: 'https://aws.amazon.com/sqs/pricing/' },
  publish: { usd: 0.5, per: MILLION, unit: 'SNS publishes', page: 'https://aws.amazon.com/sns/pricing/' },
  objectPut: { usd: 0.005, per: 1_000, unit: 'S3 PUT requests', page: s3 },
  objectGet: { usd: 0.0004, per: 1_000, unit: 'S3 GET requests', page: s3 },
  objectGbMonth: { usd: 0.023, per: 1, unit: 'GB-month in S3 Standard', page: s3 },
  stateTransition: {
    usd: 0.025,
    per: 1_000,
    unit: 'Step Functions state transitions',
    page: 'https://aws.amazon.com/step-functions/pricing/',
  },
  scannedTb: { usd: 5, per: 1, unit: 'TB scanned by Athena', page: 'https://aws.amazon.com/athena/pricing/' },
  logGb: { usd: 0.5, per: 1, unit: 'GB of CloudWatch logs', page: cloudWatch },
  metricMonth: { usd: 0.3, per: 1, unit: 'custom metrics a month', page: cloudWatch },
  alarmMonth: { usd: 0.1, per: 1, unit: 'alarms a month', page: cloudWatch },
  customerKeyMonth: { usd: 1, per: 1, unit: 'customer keys of KMS a month', page: kms },
  customerKeyCall: { usd: 0.03, per: 10_000, unit: 'calls of KMS', page: kms },
  firewallMonth: { usd: 6, per: 1, unit: 'web application firewall with one rule a month', page: waf },
  firewallRequest: { usd: 0.6, per: MILLION, unit: 'requests through the firewall', page: waf },
  secretMonth: { usd: 0.4, per: 1, unit: 'secrets a month', page: 'https://aws.amazon.com/secrets-manager/pricing/' },
} as const satisfies Readonly<Record<string, Price>>

/** Dollars for an amount of what is priced. */
export function costUsd(price: keyof typeof PRICES, amount: number): number {
  const { usd, per } = PRICES[price]
  return (amount * usd) / per
}
