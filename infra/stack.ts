import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { OUTPUTS, stackName } from '../shared/aws/deployment.ts'
import { Catalog } from './catalog.ts'
import { Compactor } from './compactor.ts'
import { Dashboard } from './dashboard.ts'
import { EvaluatorFunction } from './evaluator.ts'
import { Experiments } from './experiments.ts'
import { Incidents } from './incidents.ts'
import { Ingest } from './ingest.ts'
import type { StackContext } from './lambda-function.ts'
import { Pager } from './pager.ts'
import { ReplayFunctions } from './replay.ts'
import { RuleSeeding } from './rule-seeding.ts'
import type { StackSettings } from './settings.ts'
import { StopConditions } from './stop-conditions.ts'
import { customerKey, Storage } from './storage.ts'
import { TimerFunction } from './timer.ts'

/** One environment of BeTrace: traces in by HTTP, signals out by SNS. */
export class BetraceStack extends Stack {
  constructor(scope: Construct, settings: StackSettings, props: StackProps = {}) {
    super(scope, 'Betrace', {
      stackName: stackName(settings.environment),
      description: 'BeTrace: behavioural assurance from OpenTelemetry traces',
      terminationProtection: settings.keepData,
      tags: { 'betrace-environment': settings.environment },
      ...props,
    })
    const key = settings.customerKey ? customerKey(this, settings.keepData) : undefined
    const context: StackContext = { settings, key, namespace: stackName(settings.environment) }
    const pager = new Pager(this, context)
    const storage = new Storage(this, context)
    const evaluator = new EvaluatorFunction(this, context, storage, pager)
    new TimerFunction(this, context, storage, evaluator, pager)
    const incidents = new Incidents(this, context, { storage, evaluator, pager })
    const replay = new ReplayFunctions(this, context, storage, evaluator, pager)
    const compactor = new Compactor(this, context, storage, pager)
    const catalog = new Catalog(this, context, storage)
    const ingest = new Ingest(this, context, storage, pager)
    // Rules first: a trace that comes at once must not be judged by none.
    evaluator.node.addDependency(new RuleSeeding(this, context, storage))
    new Experiments(this, context, { storage, ingest, evaluator, incidents, pager })
    new StopConditions(this, context)
    const dashboard = new Dashboard(this, context, { storage, ingest, evaluator, replay, compactor, pager })
    this.outputs({
      ingestUrl: ingest.url,
      keySecret: ingest.keySecret.secretArn,
      signalTopic: pager.signals.topicArn,
      incidentTopic: pager.incidents.topicArn,
      notifySecret: incidents.secret.secretArn,
      incidentTable: storage.incidents.tableName,
      alarmTopic: pager.alarms.topicArn,
      table: storage.table.tableName,
      timersUrl: evaluator.timers.queueUrl,
      deadLettersUrl: evaluator.deadLetters.queueUrl,
      rulesBucket: storage.rules.bucketName,
      archiveBucket: storage.archive.bucketName,
      redactedKeys: JSON.stringify(context.settings.redact),
      replayFunction: replay.replay.function.functionArn,
      compactFunction: compactor.compactor.function.functionArn,
      athenaWorkgroup: catalog.workgroup,
      dashboardUrl: `https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards:name=${dashboard.name}`,
    })
  }

  private outputs(values: Readonly<Record<keyof typeof OUTPUTS, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      new CfnOutput(this, OUTPUTS[name as keyof typeof OUTPUTS], { value })
    }
  }
}
