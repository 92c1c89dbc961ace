import { Duration } from 'aws-cdk-lib'
import {
  AuthorizationType,
  LambdaIntegration,
  type RequestAuthorizer,
  type Resource,
  type RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { RequestLimits } from '../shared/otlp/limits.ts'
import { requestLimits } from '../shared/pipeline/settings.ts'
import { Authorizer } from './authorizer.ts'
import { allowOrigins, restApi } from './gateway.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { acknowledge, allow, allowKey } from './permissions.ts'
import type { StackSettings } from './settings.ts'
import type { Storage } from './storage.ts'

/** The gateway waits 29 s at most; the function gives up before it, so that the client hears why. */
const TIMEOUT = Duration.seconds(20)

/** OTLP/HTTP in: the gateway, who may use it, and the function that stores the spans. */
export class Ingest extends Construct {
  readonly url: string
  readonly api: RestApi
  readonly keySecret: Secret
  /** Guards every route. */
  readonly authorizer: RequestAuthorizer
  /** The resource below which all routes are. */
  readonly v1: Resource
  readonly ingest: BetraceFunction

  constructor(scope: Construct, context: StackContext, storage: Storage, pager: Pager) {
    super(scope, 'Ingest')
    const { settings, key } = context
    this.ingest = new BetraceFunction(this, context, {
      handler: 'ingest',
      description: 'takes OTLP/HTTP requests and stores their spans by trace',
      memoryMb: 1024,
      timeout: TIMEOUT,
      environment: {
        table: storage.table.tableName,
        corsOrigins: settings.corsOrigins.join(','),
        requestLimits: JSON.stringify(limits(settings)),
      },
    })
    allow(this.ingest.role, ['dynamodb:BatchWriteItem'], [storage.table.tableArn])
    allowKey(this.ingest.role, key, 'table')
    const authorizer = new Authorizer(this, context)
    this.keySecret = authorizer.secret
    this.authorizer = authorizer.authorizer
    this.api = restApi(this, context)
    this.v1 = this.api.root.addResource('v1')
    const traces = this.v1.addResource('traces')
    traces.addMethod(
      'POST',
      new LambdaIntegration(this.ingest.function, { timeout: Duration.seconds(29), allowTestInvoke: false }),
      {
        authorizer: authorizer.authorizer,
        authorizationType: AuthorizationType.CUSTOM,
      },
    )
    this.url = `${this.api.url.replace(/\/$/, '')}`
    if (settings.corsOrigins.length > 0) allowOrigins(traces, settings.corsOrigins)
    this.alarms(pager)
    acknowledge(
      this.api,
      'APIG2',
      'bodies are protobuf, OTLP/JSON or webhooks of others, which no request model describes; the functions check them',
    )
    acknowledge(this.api, 'APIG3', 'a firewall is a setting: it costs more than ingest where clients are few and known')
    acknowledge(this.api, 'COG4', 'clients are SDKs and Collectors with an API key, not people with a user pool')
  }

  private alarms(pager: Pager): void {
    pager.alarm(this, 'ServerErrors', {
      heading: 'Ingest answers 5xx',
      metric: this.api.metricServerError({ period: ALARM_PERIOD, statistic: 'Sum' }),
      threshold: 5,
    })
    pager.alarm(this, 'Throttles', {
      heading: 'Ingest is throttled',
      metric: this.ingest.function.metricThrottles({ period: ALARM_PERIOD, statistic: 'Sum' }),
      threshold: 1,
    })
  }
}

function limits(settings: StackSettings): RequestLimits {
  const { maxRequestValues, maxRequestSpans, maxRequestEvents, maxRequestTraces } = settings
  return requestLimits({ maxRequestValues, maxRequestSpans, maxRequestEvents, maxRequestTraces })
}
