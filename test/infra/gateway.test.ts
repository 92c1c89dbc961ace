import { App, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { MockIntegration } from 'aws-cdk-lib/aws-apigateway'
import { beforeAll, describe, expect, test } from 'vitest'
import { restApi } from '../../infra/gateway.ts'
import { readSettings } from '../../infra/settings.ts'
import { REQUEST_LIMITS } from '../../shared/otlp/limits.ts'
import { permissionsText } from './permissions-text.ts'
import { ofType, type Resource, type Synthesized, synthesize, WITHOUT_BUNDLES } from './synthesized.ts'

const ACCOUNT = 'eu-west-1:123456789012'
const SUBSCRIBERS = [
  'mailto:ops@shop.example',
  'https://events.shop.example/in',
  `arn:aws:sqs:${ACCOUNT}:pager`,
  'tel:+15550100200',
  `arn:aws:lambda:${ACCOUNT}:function:pager`,
  `arn:aws:firehose:${ACCOUNT}:deliverystream/pager`,
  `arn:aws:sns:${ACCOUNT}:endpoint/GCM/pager/1`,
].join(',')
let stack: Synthesized
let withOptions: Synthesized
beforeAll(() => {
  stack = synthesize(WITHOUT_BUNDLES)
  withOptions = synthesize({
    ...WITHOUT_BUNDLES,
    environment: 'staging',
    corsOrigins: 'https://shop.example,https://other.example',
    wafRequestsPerFiveMinutes: '1000',
    throttleRequestsPerSecond: 50,
    throttleBurst: 80,
    maxRequestTraces: 5_000,
    customerKey: 'true',
    xray: true,
    keepData: 'false',
    pager: SUBSCRIBERS,
    monthlyBudgetUsd: '200',
    logDays: 7,
    runbookUrl: 'https://wiki.shop.example/betrace',
  })
}, 60_000)

function responses({ template }: Synthesized): Readonly<Record<string, string>> {
  const found = Object.values(template.findResources('AWS::ApiGateway::GatewayResponse'))
  return Object.fromEntries(found.map(({ Properties }) => [Properties.ResponseType, Properties.StatusCode]))
}

/** `gatewayresponse.header.Vary` → `Vary`. */
function headersOf(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name.split('.').at(-1), value]))
}

describe('the gateway', () => {
  test('hands every body over as bytes', () => {
    stack.template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      BinaryMediaTypes: ['*/*'],
      EndpointConfiguration: { Types: ['REGIONAL'] },
    })
  })

  test('lets nobody in without the authorizer, which sees every request whatever headers it has', () => {
    const methods = ofType(stack, 'AWS::ApiGateway::Method')
    const byMethod = methods.map(({ Properties }) => [Properties.HttpMethod, Properties.AuthorizationType])
    expect(byMethod.sort()).toEqual([
      ['GET', 'CUSTOM'],
      ['GET', 'CUSTOM'],
      ['GET', 'CUSTOM'],
      ['POST', 'CUSTOM'],
      ['POST', 'CUSTOM'],
    ])
    stack.template.hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'REQUEST',
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: Match.absent(),
    })
  })

  test('answers 503 where a client may try again, so that SDKs keep their spans', () => {
    expect(responses(stack)).toEqual({
      THROTTLED: '503',
      INTEGRATION_FAILURE: '503',
      INTEGRATION_TIMEOUT: '503',
      AUTHORIZER_FAILURE: '503',
      AUTHORIZER_CONFIGURATION_ERROR: '503',
      DEFAULT_5XX: '503',
      REQUEST_TOO_LARGE: '413',
      ACCESS_DENIED: '413',
      UNAUTHORIZED: '401',
      MISSING_AUTHENTICATION_TOKEN: '404',
    })
    const transient = Object.values(stack.template.findResources('AWS::ApiGateway::GatewayResponse')).filter(
      ({ Properties }) => Properties.StatusCode === '503',
    )
    for (const { Properties } of transient) {
      expect(Properties.ResponseParameters['gatewayresponse.header.Retry-After']).toBe("'5'")
    }
  })

  test('gives every answer of its own the headers that those of the functions have, and 401 the scheme', () => {
    const own = Object.values(stack.template.findResources('AWS::ApiGateway::GatewayResponse'))
    for (const { Properties } of own) {
      const headers = headersOf(Properties.ResponseParameters)
      const { StatusCode } = Properties
      expect(headers).toEqual({
        'cache-control': "'no-store'",
        'x-content-type-options': "'nosniff'",
        'strict-transport-security': "'max-age=31536000'",
        ...(StatusCode === '401' && { 'WWW-Authenticate': "'Bearer'" }),
        ...(StatusCode === '503' && { 'Retry-After': "'5'" }),
      })
    }
  })

  test('says in a 413 what to do', () => {
    stack.template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'ACCESS_DENIED',
      ResponseTemplates: {
        'application/json': Match.stringLikeRegexp('at most 4613734 bytes: compress, or lower the batch size'),
      },
    })
  })

  test('limits the rate and logs neither bodies nor addresses', () => {
    stack.template.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: [
        Match.objectLike({
          ThrottlingRateLimit: 1_000,
          ThrottlingBurstLimit: 2_000,
          DataTraceEnabled: false,
          LoggingLevel: 'ERROR',
        }),
      ],
      AccessLogSetting: { Format: Match.not(Match.stringLikeRegexp('identity|sourceIp|userAgent')) },
    })
  })
})

describe('settings', () => {
  test('give every environment a stack and metrics of its own', () => {
    withOptions.template.hasResourceProperties('AWS::ApiGateway::RestApi', { Name: 'betrace-staging' })
    const names = ofType(withOptions, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties.Namespace)
    expect(names).toContain('betrace-staging')
    const [alarm] = ofType(withOptions, 'AWS::CloudWatch::Alarm')
    expect(alarm?.Properties.AlarmDescription).toContain('https://wiki.shop.example/betrace#')
  })

  test('let browsers of the named origins ask without a key, and nobody else', () => {
    withOptions.template.hasResourceProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'OPTIONS',
      AuthorizationType: 'NONE',
      Integration: { Type: 'MOCK', ContentHandling: 'CONVERT_TO_TEXT' },
    })
    stack.template.resourcePropertiesCountIs('AWS::ApiGateway::Method', { HttpMethod: 'OPTIONS' }, 0)
  })

  test('let pages of the named origins read errors, never with credentials', () => {
    const allowed = (resources: object) =>
      Object.values(resources as Record<string, Resource>)
        .filter(({ Type }) => Type === 'AWS::ApiGateway::GatewayResponse')
        .map(({ Properties }) => headersOf(Properties.ResponseParameters))
        .map(({ 'Access-Control-Allow-Origin': origin, Vary }) => [origin, Vary])
    const small = new Stack(new App(), 'Small')
    const settings = { ...readSettings(small.node), corsOrigins: ['https://shop.example'] }
    restApi(small, { settings, key: undefined, namespace: 'test' }).root.addMethod('GET', new MockIntegration())
    const one = Template.fromStack(small).toJSON().Resources
    expect(new Set(allowed(one).flat())).toEqual(new Set(["'https://shop.example'", undefined]))
    expect(new Set(allowed(withOptions.resources).flat())).toEqual(
      new Set(['method.request.header.Origin', "'Origin'"]),
    )
    for (const given of [one, withOptions.resources]) expect(JSON.stringify(given)).not.toContain('Allow-Credentials')
  })

  test('give the function what a request may hold', () => {
    const limitsIn = ({ template }: Synthesized) => {
      const functions = Object.values(template.findResources('AWS::Lambda::Function'))
      const texts = functions.flatMap((each) => each.Properties.Environment?.Variables?.BETRACE_REQUEST_LIMITS ?? [])
      return texts.map((text) => JSON.parse(text))
    }
    expect(limitsIn(stack)).toEqual([REQUEST_LIMITS])
    expect(limitsIn(withOptions)).toMatchObject([{ maxRequestTraces: 5_000 }])
  })

  test('put a firewall before the gateway, and a limit of requests', () => {
    withOptions.template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1)
    stack.template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 0)
    withOptions.template.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 80 })],
      TracingEnabled: true,
    })
  })

  test('encrypt everything under a key of the account', () => {
    const keyed = (type: string, path: (properties: never) => unknown) => {
      for (const { Properties } of ofType(withOptions, type)) expect(path(Properties as never)).toBeDefined()
    }
    keyed('AWS::SQS::Queue', ({ KmsMasterKeyId }) => KmsMasterKeyId)
    keyed('AWS::SNS::Topic', ({ KmsMasterKeyId }) => KmsMasterKeyId)
    keyed('AWS::Logs::LogGroup', ({ KmsKeyId }) => KmsKeyId)
    keyed('AWS::SecretsManager::Secret', ({ KmsKeyId }) => KmsKeyId)
    keyed(
      'AWS::DynamoDB::Table',
      ({ SSESpecification }) => (SSESpecification as { KMSMasterKeyId?: unknown }).KMSMasterKeyId,
    )
    withOptions.template.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.amazonaws.com']] } },
          }),
        ]),
      },
    })
  })

  test('keep no data where none is wanted', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret']) {
      for (const { DeletionPolicy } of ofType(withOptions, type)) expect(DeletionPolicy).toBe('Delete')
    }
    withOptions.template.resourceCountIs('Custom::S3AutoDeleteObjects', 2)
  })

  test('page whoever is named: of alarms, and of critical and high signals', () => {
    const subscriptions = ofType(withOptions, 'AWS::SNS::Subscription').map(({ Properties }) => [
      Properties.Protocol,
      Properties.FilterPolicy?.severity,
    ])
    const protocols = ['email', 'https', 'sqs', 'sms', 'lambda', 'firehose', 'application']
    const urgent = ['critical', 'high']
    expect(subscriptions).toEqual(
      protocols.flatMap((protocol) => [
        [protocol, undefined],
        [protocol, urgent],
      ]),
    )
    withOptions.template.hasResourceProperties('AWS::SNS::Subscription', { Endpoint: '+15550100200' })
    withOptions.template.resourcePropertiesCountIs('AWS::Lambda::Permission', { Principal: 'sns.amazonaws.com' }, 2)
    withOptions.template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'firehose',
      SubscriptionRoleArn: Match.anyValue(),
    })
    for (const { Properties } of ofType(withOptions, 'AWS::SNS::Subscription')) {
      if (Properties.FilterPolicy !== undefined) expect(Properties.FilterPolicy.mode).toEqual(['live'])
    }
    stack.template.resourceCountIs('AWS::SNS::Subscription', 0)
  })

  test('set a budget that warns the pager', () => {
    withOptions.template.hasResourceProperties('AWS::Budgets::Budget', {
      Budget: { BudgetLimit: { Amount: 200, Unit: 'USD' }, TimeUnit: 'MONTHLY' },
    })
  })

  test('widen permissions as was looked at: a change is accepted with npm run permissions', async () => {
    await expect(permissionsText(withOptions.resources)).toMatchFileSnapshot('permissions-all-settings.txt')
  })

  test('leave cdk-nag nothing to find', () => {
    expect(withOptions.violations).toEqual([])
  })
})
