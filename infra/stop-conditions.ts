import { Duration, Stack } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import { FUNCTION_DIMENSION, metricName, stopConditionName } from '../shared/aws/deployment.ts'
import type { Severity } from '../shared/rules/ast.ts'
import type { StackContext } from './lambda-function.ts'

const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
/** As often as a metric of a function is kept. */
const PERIOD = Duration.minutes(1)

/**
 * An alarm a severity, in alarm while a live rule of it fires: the stop conditions of AWS FIS experiments. They page
 * nobody, for the signals themselves do, and are found by their names.
 */
export class StopConditions extends Construct {
  constructor(scope: Construct, { namespace }: StackContext) {
    super(scope, 'Brakes')
    for (const severity of SEVERITIES) {
      new Alarm(this, severity, {
        alarmName: stopConditionName(Stack.of(this).stackName, severity),
        alarmDescription: `Live rules of severity ${severity} fire. A stop condition for AWS FIS: docs/chaos.md`,
        metric: new Metric({
          namespace,
          metricName: metricName('signalsFiring'),
          dimensionsMap: { [FUNCTION_DIMENSION]: 'evaluator', severity },
          statistic: 'Sum',
          period: PERIOD,
        }),
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      })
    }
  }
}
