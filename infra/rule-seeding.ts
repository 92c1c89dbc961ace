import { CustomResource, Duration } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { PACK_FOLDERS } from '../shared/aws/deployment.ts'
import { RULE_KEYS } from '../shared/aws/rules/rule-sets.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { allow, allowKey, allowUnder } from './permissions.ts'
import type { Storage } from './storage.ts'

/** Puts the rule packs of this release into the rules bucket at each deploy; rules that people pushed stay as they are. */
export class RuleSeeding extends Construct {
  readonly seeded: CustomResource

  constructor(scope: Construct, context: StackContext, { rules }: Storage) {
    super(scope, 'RuleSeeding')
    const seeding = new BetraceFunction(this, context, {
      handler: 'rule-seeding',
      description: 'puts the rule packs of the release in force at each deploy',
      memoryMb: 512,
      timeout: Duration.seconds(60),
      environment: { rulesBucket: rules.bucketName },
      folders: PACK_FOLDERS,
    })
    const { role } = seeding
    allow(role, ['s3:GetObject', 's3:PutObject'], [rules.arnForObjects(RULE_KEYS.pointer)])
    allowUnder(role, ['s3:GetObject', 's3:PutObject'], rules, [RULE_KEYS.sets])
    allowUnder(role, ['s3:PutObject', 's3:DeleteObject'], rules, [RULE_KEYS.packs])
    // Without it a missing pointer, as at the first deploy, looks like a forbidden one.
    allow(role, ['s3:ListBucket'], [rules.bucketArn])
    allowKey(role, context.key, 'send')
    this.seeded = new CustomResource(this, 'Packs', {
      serviceToken: seeding.function.functionArn,
      resourceType: 'Custom::BetraceRulePacks',
      serviceTimeout: Duration.minutes(5),
      // Changes when the packs or the code that puts them there change, so that every such deploy runs it.
      properties: { version: seeding.function.currentVersion.version, packs: context.settings.packs },
    })
  }
}
