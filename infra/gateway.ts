import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import {
  AccessLogField,
  AccessLogFormat,
  type CfnMethod,
  EndpointType,
  LogGroupLogDestination,
  MethodLoggingLevel,
  type Resource,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2'
import type { Construct } from 'constructs'
import { GATEWAY_HEADERS, MAX_REQUEST_BYTES } from '../shared/aws/deployment.ts'
import type { StackContext } from './lambda-function.ts'
import { acknowledge } from './permissions.ts'

const CORS_HEADERS = ['content-type', 'content-encoding', 'x-api-key', 'authorization']
const RETRY_AFTER_SECONDS = 5

/** The REST API without its methods: regional, binary, throttled, logged without anything that clients sent. */
export function restApi(scope: Construct, { settings, key }: StackContext): RestApi {
  const accessLog = new LogGroup(scope, 'AccessLog', {
    retention: settings.logDays as RetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
    ...(key !== undefined && { encryptionKey: key }),
  })
  const api = new RestApi(scope, 'Api', {
    restApiName: `betrace-${settings.environment}`,
    description: 'BeTrace: OTLP/HTTP traces',
    endpointTypes: [EndpointType.REGIONAL],
    binaryMediaTypes: ['*/*'],
    cloudWatchRole: true,
    // One a region and account: other APIs may have come to rely on it.
    cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
    deployOptions: {
      stageName: settings.environment,
      throttlingRateLimit: settings.throttleRequestsPerSecond,
      throttlingBurstLimit: settings.throttleBurst,
      tracingEnabled: settings.xray,
      metricsEnabled: true,
      // Errors only, and never the data: bodies are spans.
      loggingLevel: MethodLoggingLevel.ERROR,
      dataTraceEnabled: false,
      accessLogDestination: new LogGroupLogDestination(accessLog),
      accessLogFormat: accessLogFormat(),
    },
  })
  const reason = 'the gateway writes logs with the managed policy that AWS made for it; the role is the account’s'
  gatewayResponses(api, settings.corsOrigins)
  if (settings.wafRequestsPerFiveMinutes > 0) firewall(scope, api, settings.wafRequestsPerFiveMinutes)
  acknowledge(
    api,
    'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
    reason,
  )
  return api
}

/** No address of a client and nothing that it sent, but the name of the key that it used. */
function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: AccessLogField.contextRequestId(),
      key: AccessLogField.contextAuthorizerPrincipalId(),
      status: AccessLogField.contextStatus(),
      responseType: AccessLogField.contextErrorResponseType(),
      latencyMs: AccessLogField.contextResponseLatency(),
      integrationMs: AccessLogField.contextIntegrationLatency(),
      time: AccessLogField.contextRequestTimeEpoch(),
    }),
  )
}

/** Lets browsers ask first, without a key. */
export function allowOrigins(traces: Resource, origins: readonly string[]): void {
  const method = traces.addCorsPreflight({
    allowOrigins: [...origins],
    allowMethods: ['POST'],
    allowHeaders: CORS_HEADERS,
    maxAge: Duration.hours(1),
  })
  // With binary media types the gateway would hand its own template over as bytes, and fail.
  const options = method.node.defaultChild as CfnMethod
  options.addPropertyOverride('Integration.ContentHandling', 'CONVERT_TO_TEXT')
  acknowledge(
    method,
    'APIG4',
    'browsers send the preflight request without credentials; it tells the allowed origins only',
  )
}

/**
 * What the gateway itself answers. SDKs drop spans on 500 and retry on 503, so every transient fault is a 503; the
 * authorizer denies (instead of failing) only a body that is too large.
 */
function gatewayResponses(api: RestApi, corsOrigins: readonly string[]): void {
  const always = { ...fixed(GATEWAY_HEADERS), ...errorsReadableBy(corsOrigins) }
  const add = (id: string, type: ResponseType, statusCode: string, message: string, headers = {}) =>
    api.addGatewayResponse(id, {
      type,
      statusCode,
      responseHeaders: { ...always, ...headers },
      templates: { 'application/json': JSON.stringify({ code: GRPC_CODES[statusCode], message }) },
    })
  const retryLater = fixed({ 'Retry-After': String(RETRY_AFTER_SECONDS) })
  for (const [id, type] of TRANSIENT) add(id, type, '503', 'temporarily unavailable, send again', retryLater)
  const send = `send at most ${MAX_REQUEST_BYTES} bytes: compress, or lower the batch size of the exporter`
  add('TooLarge', ResponseType.REQUEST_TOO_LARGE, '413', `the body is too large; ${send}`)
  add('Denied', ResponseType.ACCESS_DENIED, '413', `the body is too large; ${send}`)
  const say = 'send a valid API key as x-api-key or Authorization: Bearer'
  add('Unauthorized', ResponseType.UNAUTHORIZED, '401', say, fixed({ 'WWW-Authenticate': 'Bearer' }))
  add('NoSuchPath', ResponseType.MISSING_AUTHENTICATION_TOKEN, '404', 'send traces with POST to /v1/traces')
}

/** As the gateway writes it: text in quotes is a literal, everything else names a part of the request. */
function fixed(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`]))
}

/**
 * Lets a page read why it was refused. The gateway cannot choose among several origins: it then repeats whichever asks,
 * which shows nothing but the texts above to anybody, and never with credentials.
 */
function errorsReadableBy(origins: readonly string[]): Readonly<Record<string, string>> {
  const [only] = origins
  if (only === undefined) return {}
  if (origins.length === 1) return fixed({ 'Access-Control-Allow-Origin': only })
  return { 'Access-Control-Allow-Origin': 'method.request.header.Origin', ...fixed({ Vary: 'Origin' }) }
}

const TRANSIENT = [
  ['Throttled', ResponseType.THROTTLED],
  ['IntegrationFailure', ResponseType.INTEGRATION_FAILURE],
  ['IntegrationTimeout', ResponseType.INTEGRATION_TIMEOUT],
  ['AuthorizerFailure', ResponseType.AUTHORIZER_FAILURE],
  ['AuthorizerConfiguration', ResponseType.AUTHORIZER_CONFIGURATION_ERROR],
  ['ServerError', ResponseType.DEFAULT_5XX],
] as const

/** google.rpc.Code, as OTLP wants it in a Status. */
const GRPC_CODES: Readonly<Record<string, number>> = { '401': 16, '404': 5, '413': 8, '503': 14 }

function firewall(scope: Construct, api: RestApi, requestsPerFiveMinutes: number): void {
  const metrics = (metricName: string) => ({
    cloudWatchMetricsEnabled: true,
    sampledRequestsEnabled: false,
    metricName,
  })
  const acl = new CfnWebACL(scope, 'Firewall', {
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: metrics('BetraceFirewall'),
    rules: [
      {
        name: 'RatePerAddress',
        priority: 0,
        action: { block: {} },
        statement: { rateBasedStatement: { limit: requestsPerFiveMinutes, aggregateKeyType: 'IP' } },
        visibilityConfig: metrics('BetraceRatePerAddress'),
      },
    ],
  })
  new CfnWebACLAssociation(scope, 'FirewallOfStage', {
    resourceArn: api.deploymentStage.stageArn,
    webAclArn: acl.attrArn,
  })
}
