import { type CfnElement, Stack, Validations } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { IConstruct } from 'constructs'

/** Lets a role call exactly these actions on exactly these resources. */
export function allow(role: Role, actions: readonly string[], resources: readonly string[]): void {
  role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }))
}

/** The same on the objects under some prefixes of one of the stack's own buckets. */
export function allowUnder(role: Role, actions: readonly string[], bucket: Bucket, prefixes: readonly string[]): void {
  allow(
    role,
    actions,
    prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
  )
  const bucketId = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnElement)
  for (const prefix of prefixes) {
    acknowledge(
      role,
      `IAM5[Resource::<${bucketId}.Arn>/${prefix}*]`,
      'objects under a prefix of a bucket of this stack',
    )
  }
}

/** What a service does with a key on behalf of who calls it. */
const KEY_USES = {
  read: ['Decrypt', 'DescribeKey'],
  send: ['Decrypt', 'GenerateDataKey'],
  table: ['Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'],
} as const

/** Lets a role use a customer's key through the services that it calls; nothing to do where AWS's keys are used. */
export function allowKey(role: Role, key: IKey | undefined, use: keyof typeof KEY_USES): void {
  if (key === undefined) return
  allow(
    role,
    KEY_USES[use].map((action) => `kms:${action}`),
    [key.keyArn],
  )
}

/** Says why a finding of cdk-nag is right as it is. */
export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason })
}
