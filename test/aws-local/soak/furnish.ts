import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { FAILURE_PREFIX } from '../../../shared/aws/deployment.ts'
import { seedPacks } from '../../../shared/aws/rules/rule-seeding.ts'
import type { Faux } from '../../emulators/emulators.ts'
import type { Synthesized } from '../../infra/synthesized.ts'
import { idOf, type Names } from '../resources.ts'

/** As the template says: what was received too often is moved. */
export async function moveToDeadLetters(stack: Synthesized, names: Names, faux: Faux): Promise<void> {
  const timers = idOf(stack, 'Timers', 'AWS::SQS::Queue')
  const { maxReceiveCount } = stack.resources[timers]?.Properties.RedrivePolicy ?? {}
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${idOf(stack, 'DeadLetters', 'AWS::SQS::Queue')}`
  const RedrivePolicy = JSON.stringify({ maxReceiveCount, deadLetterTargetArn })
  await faux.sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: names.get(timers)?.ref, Attributes: { RedrivePolicy } }),
  )
}

/** Rules whose violations wait, beside the packs. */
export const PATIENT_RULES = `// Signal: REFUND_AWAITED (low)
when { trace.has(payment.charge) as charge } always { charge before payment.refund within 40s }

// Signal: CHECK_AWAITED (info)
// Wait: 90s
trace.has(payment.charge) and not trace.has(cache.check)
`

/** Where the rule packs lie that both runtimes go by. */
export const RULES_FOLDER = join(import.meta.dirname, '../../../rules')

/** Puts them in force. */
export async function seedRules(faux: Faux, name: string): Promise<void> {
  const files = readdirSync(RULES_FOLDER).filter((file) => file.endsWith('.rules'))
  const packs = files.map((file) => ({ file: `packs/${file}`, text: readFileSync(join(RULES_FOLDER, file), 'utf8') }))
  await seedPacks({ client: faux.s3, name }, [...packs, { file: 'packs/patient.rules', text: PATIENT_RULES }])
}

/** What Lambda leaves in the bucket of a stream's failures. */
export async function keepFailure(faux: Faux, Bucket: string, Records: readonly object[]): Promise<void> {
  const Body = JSON.stringify({ version: '1.0', payload: JSON.stringify({ Records }) })
  await faux.s3.send(new PutObjectCommand({ Bucket, Key: `${FAILURE_PREFIX}soak/${randomUUID()}`, Body }))
}
