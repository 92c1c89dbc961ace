import { functionName, type Resource } from './synthesized.ts'

/** Resources of a template by logical id. */
export type Resources = Readonly<Record<string, Resource>>

/** One thing that one principal may do. */
export interface Grant {
  readonly action: string
  readonly resource: string
  /** As the policy has it, in short; empty without one. */
  readonly condition: string
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource?: unknown
  readonly Principal?: unknown
  readonly Condition?: unknown
}

/** What each role may do, by the name of its function or its own. */
export function grantsByRole(resources: Resources): ReadonlyMap<string, readonly Grant[]> {
  const grants = new Map(roleNames(resources).map(([, name]) => [name, [] as Grant[]]))
  const names = new Map(roleNames(resources))
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::IAM::Policy') continue
    const found = (Properties.PolicyDocument.Statement as readonly Statement[]).flatMap(grantsOf)
    for (const { Ref } of Properties.Roles) grants.get(names.get(Ref) ?? '')?.push(...found)
  }
  return new Map([...grants].map(([role, found]) => [role, distinct(found)]))
}

/** Roles by logical id, with the name of the function that has each, or else their own. */
function roleNames(resources: Resources): readonly (readonly [id: string, name: string])[] {
  const functions = Object.values(resources).filter((one) => functionName(one) !== undefined)
  const ofFunctions = new Map(functions.map((one) => [one.Properties.Role['Fn::GetAtt'][0], functionName(one)]))
  const roles = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role')
  return roles.map(([id]) => [id, ofFunctions.get(id) ?? withoutHash(id)] as const)
}

function grantsOf({ Effect, Action, Resource, Condition }: Statement): readonly Grant[] {
  const condition = Condition === undefined ? '' : inShort(Condition)
  const verb = Effect === 'Allow' ? '' : 'never '
  return [Action]
    .flat()
    .flatMap((action) =>
      [Resource].flat().map((resource) => ({ action: verb + action, resource: inShort(resource), condition })),
    )
}

function distinct(grants: readonly Grant[]): readonly Grant[] {
  const byText = new Map(grants.map((grant) => [lineOf(grant), grant]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, grant]) => grant)
}

function lineOf({ action, resource, condition }: Grant): string {
  return `${action} on ${resource}${condition === '' ? '' : ` if ${condition}`}`
}

/** `{"Fn::Join": ["", [{"Fn::GetAtt": ["StorageRulesA4219E2D", "Arn"]}, "/sets/*"]]}` → `StorageRules/sets/*`. */
function inShort(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(inShort).join(', ')
  const { Ref, 'Fn::GetAtt': getAtt, 'Fn::Join': join, ...rest } = value as Record<string, unknown>
  if (Array.isArray(join)) return (join[1] as unknown[]).map(inShort).join('')
  if (typeof Ref === 'string') return Ref.startsWith('AWS::') ? `<${Ref.slice(5)}>` : withoutHash(Ref)
  if (Array.isArray(getAtt)) {
    const [id, attribute] = getAtt as [string, string]
    return attribute === 'Arn' || attribute === 'TopicArn' ? withoutHash(id) : `${withoutHash(id)}.${attribute}`
  }
  return Object.entries(rest)
    .map(([name, given]) => `${name} ${inShort(given)}`)
    .join(', ')
}

/** CDK ends each logical id with eight hex digits; of a deployment with more, which change with every setting. */
function withoutHash(id: string): string {
  return id.replace(/[0-9A-F]{8}(?:[0-9a-f]{32})?$/, '')
}

const POLICIES: Readonly<Record<string, (properties: Resource['Properties']) => unknown>> = {
  'AWS::S3::BucketPolicy': ({ Bucket }) => Bucket,
  'AWS::SQS::QueuePolicy': ({ Queues }) => Queues,
  'AWS::SNS::TopicPolicy': ({ Topics }) => Topics,
}

/** Who may do what with a resource by the resource's own policy. */
function resourcePolicies(resources: Resources): readonly string[] {
  return Object.entries(resources).flatMap(([id, { Type, Properties }]) => {
    if (Type === 'AWS::KMS::Key') return policyLines(withoutHash(id), Properties.KeyPolicy)
    if (Type === 'AWS::Lambda::Permission') {
      const { FunctionName, Principal, SourceArn, SourceAccount, Action } = Properties
      const from = inShort(SourceArn ?? SourceAccount ?? 'ANYWHERE')
      return [`${inShort(FunctionName)}\n  ${inShort(Principal)} may ${Action} from ${from}`]
    }
    const subject = POLICIES[Type]?.(Properties)
    return subject === undefined ? [] : policyLines(inShort(subject), Properties.PolicyDocument)
  })
}

function policyLines(subject: string, { Statement: statements }: { readonly Statement: readonly Statement[] }) {
  return statements.map((statement) => {
    const { Effect, Principal, Condition, Action } = statement
    const condition = Condition === undefined ? '' : ` if ${inShort(Condition)}`
    const may = Effect === 'Allow' ? 'may' : 'may never'
    return `${subject}\n  ${inShort(Principal)} ${may} ${[Action].flat().join(', ')}${condition}`
  })
}

/** Properties that guard data or the way in, by type. */
const GUARDS: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGateway::Authorizer': ['Type', 'AuthorizerResultTtlInSeconds', 'IdentitySource'],
  'AWS::ApiGateway::Method': ['HttpMethod', 'AuthorizationType', 'ApiKeyRequired'],
  'AWS::ApiGateway::RestApi': ['EndpointConfiguration', 'Policy'],
  'AWS::ApiGateway::Stage': ['TracingEnabled', 'WebAclArn'],
  'AWS::Athena::WorkGroup': ['WorkGroupConfiguration'],
  'AWS::DynamoDB::Table': ['SSESpecification', 'DeletionProtectionEnabled'],
  'AWS::KMS::Key': ['EnableKeyRotation'],
  'AWS::Lambda::Function': ['RecursiveLoop', 'ReservedConcurrentExecutions', 'VpcConfig', 'KmsKeyArn'],
  'AWS::Lambda::Url': ['AuthType', 'Cors'],
  'AWS::Logs::LogGroup': ['KmsKeyId', 'RetentionInDays'],
  'AWS::S3::Bucket': [
    'BucketEncryption',
    'PublicAccessBlockConfiguration',
    'OwnershipControls',
    'VersioningConfiguration',
  ],
  'AWS::SNS::Topic': ['KmsMasterKeyId'],
  'AWS::SQS::Queue': ['SqsManagedSseEnabled', 'KmsMasterKeyId'],
  'AWS::SecretsManager::Secret': ['KmsKeyId'],
}

function guards(resources: Resources): readonly string[] {
  return Object.entries(resources).flatMap(([id, { Type, Properties, DeletionPolicy }]) => {
    const names = GUARDS[Type]
    if (names === undefined) return []
    const set = names.filter((name) => Properties[name] !== undefined)
    const said = set.map((name) => `\n  ${name}: ${inShort(Properties[name])}`).join('')
    return [`${withoutHash(id)}, ${Type.slice(5)}${DeletionPolicy === 'Retain' ? ', retained' : ''}${said}`]
  })
}

function roles(resources: Resources): readonly string[] {
  const grants = grantsByRole(resources)
  return roleNames(resources).map(([id, name]) => {
    const { AssumeRolePolicyDocument, ManagedPolicyArns = [] } = resources[id]?.Properties ?? {}
    const trust = policyLines('', AssumeRolePolicyDocument).map((line) => line.trim())
    const managed = (ManagedPolicyArns as unknown[]).map((arn) => `everything in ${inShort(arn)}`)
    return [name, ...trust, ...managed, ...(grants.get(name) ?? []).map(lineOf)].join('\n  ')
  })
}

/** Every permission of a template, and every setting that guards data, one a line and in an order that stays. */
export function permissionsText(resources: Resources): string {
  const sections: readonly (readonly [title: string, blocks: readonly string[]])[] = [
    ['What each role may do', roles(resources)],
    ['Who may do what with a resource', resourcePolicies(resources)],
    ['What guards data and the way in', guards(resources)],
  ]
  const written = sections.map(([title, blocks]) => `# ${title}\n\n${merged(blocks).join('\n\n')}\n`)
  return `Written by "npm run permissions" from the synthesized stack; a change here is a change of what may be done.\n\n${written.join('\n\n')}`
}

/** Blocks of one title as one, in order of titles. */
function merged(blocks: readonly string[]): readonly string[] {
  const byTitle = Map.groupBy(blocks, (block) => block.split('\n', 1)[0] ?? '')
  const lines = [...byTitle].map(([title, of]) => [title, ...new Set(of.map((block) => block.slice(title.length + 1)))])
  return lines.map((block) => block.filter((line) => line !== '').join('\n')).sort()
}
