import { Duration, Stack } from 'aws-cdk-lib'
import { CfnBudget } from 'aws-cdk-lib/aws-budgets'
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Alias } from 'aws-cdk-lib/aws-kms'
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { StackContext } from './lambda-function.ts'
import { subscribe } from './subscriber.ts'

export interface AlarmProps {
  /** A heading of the runbook, word by word. */
  readonly heading: string
  readonly metric: IMetric
  /** At or above this in one period; each alarm is about something that ought to be less. */
  readonly threshold: number
  readonly periods?: number
}

/** The topics of signals, of incidents and of alarms, and who is paged. */
export class Pager extends Construct {
  readonly signals: Topic
  readonly incidents: Topic
  readonly alarms: Topic
  private readonly runbookUrl: string
  private readonly alarmsRaised: Alarm[] = []

  constructor(scope: Construct, context: StackContext) {
    super(scope, 'Pager')
    const { settings, key } = context
    const masterKey = key ?? Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns')
    this.signals = new Topic(this, 'Signals', { displayName: 'BeTrace signals', enforceSSL: true, masterKey })
    this.incidents = new Topic(this, 'Incidents', { displayName: 'BeTrace incidents', enforceSSL: true, masterKey })
    // CloudWatch cannot publish under AWS's own key for SNS, only under a customer's; alarms hold no span content.
    this.alarms = new Topic(this, 'Alarms', {
      displayName: 'BeTrace alarms',
      enforceSSL: true,
      ...(key !== undefined && { masterKey: key }),
    })
    this.hearFrom('cloudwatch', `${Stack.of(this).region}:${Stack.of(this).account}:alarm:*`)
    this.runbookUrl = settings.runbookUrl
    settings.pager.forEach((subscriber, i) => {
      this.subscribe(`Pager${i}`, subscriber)
    })
    if (settings.monthlyBudgetUsd > 0) this.budget(settings.monthlyBudgetUsd)
  }

  /** All alarms raised so far, for the dashboard. */
  get raised(): readonly Alarm[] {
    return this.alarmsRaised
  }

  /** An alarm that goes to the pager and says where in the runbook it is explained. */
  alarm(scope: Construct, id: string, { heading, metric, threshold, periods = 1 }: AlarmProps): Alarm {
    const alarm = new Alarm(scope, `${id}Alarm`, {
      alarmDescription: `${heading}. What to do: ${this.runbookUrl}#${headingAnchor(heading)}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    alarm.addAlarmAction(new SnsAction(this.alarms))
    alarm.addOkAction(new SnsAction(this.alarms))
    this.alarmsRaised.push(alarm)
    return alarm
  }

  private subscribe(id: string, subscriber: string): void {
    subscribe(this, `${id}Alarms`, subscriber, { topic: this.alarms })
    subscribe(this, `${id}Incidents`, subscriber, {
      topic: this.incidents,
      filterPolicy: {
        severity: SubscriptionFilter.stringFilter({ allowlist: ['critical', 'high'] }),
        mode: SubscriptionFilter.stringFilter({ allowlist: ['live'] }),
        status: SubscriptionFilter.stringFilter({ allowlist: ['opened', 'reopened', 'resolved'] }),
      },
    })
  }

  /**
   * A service acts for all of its customers: only what it does for this account may raise an alarm. Its use of the key
   * has no such condition, since AWS does not promise that it names what it acts for there.
   */
  private hearFrom(service: string, source: string): void {
    const arn = `arn:${Stack.of(this).partition}:${service}:${source}`
    const principal = new ServicePrincipal(`${service}.amazonaws.com`)
    this.alarms.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [principal],
        resources: [this.alarms.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': arn } },
      }),
    )
    this.alarms.masterKey?.grant(principal, 'kms:Decrypt', 'kms:GenerateDataKey*')
  }

  private budget(monthlyUsd: number): void {
    this.hearFrom('budgets', `:${Stack.of(this).account}:*`)
    const subscribers = [{ subscriptionType: 'SNS', address: this.alarms.topicArn }]
    const notify = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
      notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
      subscribers,
    })
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `${Stack.of(this).stackName}-monthly`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: monthlyUsd, unit: 'USD' },
      },
      notificationsWithSubscribers: [notify('ACTUAL', 80), notify('FORECASTED', 100)],
    })
  }
}

/** The part of a URL after # under which Markdown shows a heading. */
export function headingAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}

/** How long one period of the stack's alarms is. */
export const ALARM_PERIOD = Duration.minutes(5)
