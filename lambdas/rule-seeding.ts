import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import middy from '@middy/core'
import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { s3Client } from '../shared/aws/clients.ts'
import { PACK_FOLDERS } from '../shared/aws/deployment.ts'
import { seedPacks } from '../shared/aws/rules/rule-seeding.ts'
import { RULE_KEYS, type StoredRuleFile } from '../shared/aws/rules/rule-sets.ts'
import { isRuleFileName } from '../shared/rules/read/read.ts'
import { visible } from '../shared/text/visible.ts'
import { setting } from './support/environment.ts'
import { telemetry } from './support/telemetry.ts'

const { log, middleware } = telemetry()
const bucket = { client: s3Client(), name: setting('rulesBucket') }
/** Beside the bundle; put there when the stack is synthesized. */
const FOLDERS = PACK_FOLDERS.map((folder) => join(import.meta.dirname, folder))

/** Runs at each deploy: puts the packs of this release in force, beside the rules that people pushed. */
export const handler = middy<CloudFormationCustomResourceEvent, void>()
  .use(middleware)
  .handler(async (event) => {
    try {
      if (event.RequestType !== 'Delete') log('info', 'packs in force', { set: await seedPacks(bucket, packs(event)) })
      await answer(event, 'SUCCESS')
    } catch (error) {
      log('error', 'packs not seeded', { reason: String(error) })
      await answer(event, 'FAILED', visible(String(error)))
    }
  })

/** The packs that the stack's settings ask for. */
function packs({ ResourceProperties }: CloudFormationCustomResourceEvent): readonly StoredRuleFile[] {
  const wanted: readonly string[] = ResourceProperties.packs ?? []
  const shipped = FOLDERS.flatMap(filesBelow)
  const names = shipped.map(({ name }) => packName(name))
  const unknown = wanted.filter((pack) => pack !== '*' && !names.includes(pack))
  if (unknown.length > 0) {
    throw new Error(`no pack is called ${unknown.join(', ')}; there are ${names.join(', ')}`)
  }
  const included = shipped.filter(({ name }) => wanted.includes('*') || wanted.includes(packName(name)))
  return included.map(({ folder, name }) => ({
    file: `${RULE_KEYS.packs}${name}`,
    text: readFileSync(join(folder, name), 'utf8'),
  }))
}

function filesBelow(folder: string): readonly { readonly folder: string; readonly name: string }[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter(isRuleFileName).map((name) => ({ folder, name }))
}

function packName(fileName: string): string {
  return fileName.replace(/\.(rules|ya?ml)$/i, '')
}

/** CloudFormation waits for this, whatever happened. */
async function answer(
  event: CloudFormationCustomResourceEvent,
  Status: 'SUCCESS' | 'FAILED',
  Reason = '',
): Promise<void> {
  const { RequestId, StackId, LogicalResourceId } = event
  const PhysicalResourceId = 'rule-packs'
  const body = JSON.stringify({ Status, Reason, PhysicalResourceId, RequestId, StackId, LogicalResourceId })
  const response = await fetch(event.ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body })
  if (!response.ok) throw new Error(`CloudFormation answers ${response.status}`)
}
