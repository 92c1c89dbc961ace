import { SAFE_HEADERS } from '../otlp/http.ts'
import type { Counted } from '../pipeline/ports.ts'
import type { Severity } from '../rules/ast.ts'

/*
 * Names that the stack gives and the functions and the command line take. One place, so that they cannot differ.
 */

/** Environment variables of the functions. */
export const ENVIRONMENT = {
  table: 'BETRACE_TABLE',
  incidentTable: 'BETRACE_INCIDENT_TABLE',
  timersUrl: 'BETRACE_TIMERS_URL',
  deadLettersUrl: 'BETRACE_DEAD_LETTERS_URL',
  signalTopic: 'BETRACE_SIGNAL_TOPIC',
  incidentTopic: 'BETRACE_INCIDENT_TOPIC',
  deliveriesUrl: 'BETRACE_DELIVERIES_URL',
  /** The secret that `${secret:…}` in notify.yaml refers to. */
  notifySecret: 'BETRACE_NOTIFY_SECRET',
  /** `true`: receivers may have addresses that are not of the internet. */
  privateReceivers: 'BETRACE_PRIVATE_RECEIVERS',
  rulesBucket: 'BETRACE_RULES_BUCKET',
  archiveBucket: 'BETRACE_ARCHIVE_BUCKET',
  keySecret: 'BETRACE_KEY_SECRET',
  /** JudgingSettings as JSON; what is left out has its default. */
  judging: 'BETRACE_JUDGING',
  /** Keys whose values catalogues do not repeat, as JSON. */
  redactedKeys: 'BETRACE_REDACTED_KEYS',
  /** RequestLimits as JSON; what is left out has its default. */
  requestLimits: 'BETRACE_REQUEST_LIMITS',
  /** The state machine of large replays. */
  replayMachine: 'BETRACE_REPLAY_MACHINE',
  /** Origins that browsers may send from, comma separated; empty for none. */
  corsOrigins: 'BETRACE_CORS_ORIGINS',
  /** CloudWatch namespace of the stack's own metrics. */
  metricNamespace: 'POWERTOOLS_METRICS_NAMESPACE',
  /** The function's name in logs and metrics: `ingest`, not what CloudFormation calls it. */
  functionName: 'POWERTOOLS_SERVICE_NAME',
} as const

/** Outputs of the stack. */
export const OUTPUTS = {
  ingestUrl: 'IngestUrl',
  keySecret: 'KeySecretArn',
  signalTopic: 'SignalTopicArn',
  incidentTopic: 'IncidentTopicArn',
  notifySecret: 'NotifySecretArn',
  incidentTable: 'IncidentTableName',
  alarmTopic: 'AlarmTopicArn',
  table: 'TableName',
  timersUrl: 'TimersQueueUrl',
  deadLettersUrl: 'DeadLettersQueueUrl',
  rulesBucket: 'RulesBucketName',
  archiveBucket: 'ArchiveBucketName',
  redactedKeys: 'RedactedKeys',
  replayFunction: 'ReplayFunctionArn',
  compactFunction: 'CompactFunctionArn',
  athenaWorkgroup: 'AthenaWorkgroup',
  dashboardUrl: 'DashboardUrl',
} as const

/** Folders of the project with the rule packs of a release: those in force unless somebody names others, and the rest. */
export const PACK_FOLDERS = ['rules', 'optional-rules'] as const

/** Every answer of a deployed stack has them, whoever gives it; the gateway speaks TLS only. */
export const GATEWAY_HEADERS: Readonly<Record<string, string>> = {
  ...SAFE_HEADERS,
  'strict-transport-security': 'max-age=31536000',
}

/** The largest body that fits a function's 6 MB event once the gateway has encoded it as base64, with room for headers. */
export const MAX_REQUEST_BYTES = Math.floor(4.4 * 1024 * 1024)

/** What every stack is called; an account may hold several. */
export function stackName(environment: string): string {
  return `betrace-${environment}`
}

/** The CloudWatch name of a count, with what the functions count beyond the pipeline. */
export type MetricName =
  | Capitalize<keyof Counted>
  | 'RulesRejected'
  | 'RulesNotRevalidated'
  | 'Requests'
  | 'Faults'
  | 'HoursNotCompacted'
  | 'ObjectsUnreadable'
  | 'IncidentsOpen'
  | `Notifications${'Notified' | 'Held' | 'Flooded' | 'Failed' | 'Refused' | 'Abandoned'}`
  | 'ReceiversRejected'

/** The alarm that is in alarm while live rules of a severity fire. */
export function stopConditionName(stack: string, severity: Severity): string {
  return `${stack}-${severity}-signals`
}

/** `tracesJudged` → `TracesJudged`. */
export function metricName(counted: keyof Counted): Capitalize<keyof Counted> {
  return `${counted.slice(0, 1).toUpperCase()}${counted.slice(1)}` as Capitalize<keyof Counted>
}

/** The dimension that says which function counted. */
export const FUNCTION_DIMENSION = 'function'

/** Where Lambda puts stream records that it gave up on; the name is Lambda's. */
export const FAILURE_PREFIX = 'aws/lambda/'

/** Where Athena leaves what queries gave. */
export const QUERY_RESULTS_PREFIX = 'athena/'
