import { beforeEach, vi } from 'vitest'
import { OUTPUTS } from '../../../shared/aws/deployment.ts'
import { type FakeAccount, fakeAccount } from '../../emulators/fake-account.ts'

/** What a stack's outputs look like; tests put the names of their own emulators in. */
const EXAMPLE: Readonly<Record<keyof typeof OUTPUTS, string>> = {
  ingestUrl: 'https://a1b2c3.execute-api.eu-central-1.amazonaws.com/main',
  keySecret: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:keys',
  signalTopic: 'arn:aws:sns:us-east-1:000000000000:signals',
  incidentTopic: 'arn:aws:sns:us-east-1:000000000000:incidents',
  notifySecret: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:values',
  incidentTable: 'incidents',
  alarmTopic: 'arn:aws:sns:us-east-1:000000000000:alarms',
  table: 'buffer',
  timersUrl: 'http://127.0.0.1/timers',
  deadLettersUrl: 'http://127.0.0.1/dead-letters',
  rulesBucket: 'rules',
  archiveBucket: 'archive',
  redactedKeys: '["user.*"]',
  replayFunction: 'arn:aws:lambda:us-east-1:000000000000:function:replay',
  compactFunction: 'arn:aws:lambda:us-east-1:000000000000:function:compactor',
  athenaWorkgroup: 'betrace-main',
  dashboardUrl: 'https://eu-central-1.console.aws.amazon.com/cloudwatch',
}

/** A deployed stack called betrace-main, and this process's environment pointing at it. */
export function deployed(): { account(): FakeAccount; set(outputs: Partial<typeof EXAMPLE>): void } {
  const account = fakeAccount()
  const set = (outputs: Partial<typeof EXAMPLE>) => {
    const values = Object.entries({ ...EXAMPLE, ...outputs })
    account().outputs = Object.fromEntries(values.map(([key, value]) => [OUTPUTS[key as keyof typeof OUTPUTS], value]))
  }
  beforeEach(() => {
    // The SQS client warns of each queue URL of the emulator, whose host is not a name.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_CLOUDFORMATION: account().endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: account().endpoint,
    })
    set({})
  })
  return { account, set }
}
