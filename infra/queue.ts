import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { StackContext } from './lambda-function.ts'

/** A queue that is encrypted, by the account's own key where there is one, and takes TLS only. */
export function queue(scope: Construct, id: string, { key }: StackContext, props: QueueProps): Queue {
  const encryption =
    key === undefined
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : { encryption: QueueEncryption.KMS, encryptionMasterKey: key }
  return new Queue(scope, id, { enforceSSL: true, ...encryption, ...props })
}
