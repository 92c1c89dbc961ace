import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import { FUNCTION_DIMENSION, type MetricName } from '../shared/aws/deployment.ts'
import type { Compactor } from './compactor.ts'
import type { EvaluatorFunction } from './evaluator.ts'
import type { Ingest } from './ingest.ts'
import type { StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import type { ReplayFunctions } from './replay.ts'
import type { Storage } from './storage.ts'

/** What an operator looks at first: what comes in, what is judged, what it costs, what is wrong. */
export class Dashboard extends Construct {
  readonly name: string

  constructor(
    scope: Construct,
    context: StackContext,
    parts: {
      readonly storage: Storage
      readonly ingest: Ingest
      readonly evaluator: EvaluatorFunction
      readonly replay: ReplayFunctions
      readonly compactor: Compactor
      readonly pager: Pager
    },
  ) {
    super(scope, 'Dashboard')
    const { storage, ingest, evaluator, replay, compactor, pager } = parts
    const own = (functionName: string) => (metricName: MetricName, label?: string) =>
      new Metric({
        namespace: context.namespace,
        metricName,
        dimensionsMap: { [FUNCTION_DIMENSION]: functionName },
        statistic: 'Sum',
        period: ALARM_PERIOD,
        ...(label !== undefined && { label }),
      })
    const [ofIngest, ofEvaluator] = [own('ingest'), own('evaluator')]
    const sum = { statistic: 'Sum', period: ALARM_PERIOD }
    const p99 = { statistic: 'p99', period: ALARM_PERIOD }
    const dashboard = new CloudWatchDashboard(this, 'Dashboard')
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...pager.raised], width: 24, height: 4 }))
    dashboard.addWidgets(
      graph('Spans', [ofIngest('SpansReceived'), ofIngest('SpansRejected'), ofEvaluator('SpansNotJudged')]),
      graph('Requests', [
        ingest.api.metricCount(sum),
        ingest.api.metricClientError(sum),
        ingest.api.metricServerError(sum),
      ]),
      graph('Ingest latency, ms', [ingest.api.metricLatency(p99), ingest.ingest.function.metricDuration(p99)]),
    )
    dashboard.addWidgets(
      graph('Traces', [
        ofEvaluator('TracesJudged'),
        ofEvaluator('TracesReopened'),
        ofEvaluator('TracesLate'),
        ofEvaluator('TracesRescued'),
      ]),
      graph('Signals', [ofEvaluator('Signals'), ofEvaluator('SignalsSuppressed'), ofEvaluator('PublishFailures')]),
      graph('Timers', [
        evaluator.timers.metricApproximateNumberOfMessagesDelayed(sum),
        evaluator.timers.metricApproximateNumberOfMessagesVisible(sum),
        evaluator.deadLetters.metricApproximateNumberOfMessagesVisible(sum),
      ]),
    )
    dashboard.addWidgets(
      graph('Evaluator, ms', [evaluator.evaluator.function.metricDuration(p99)]),
      graph('Table units', [
        storage.table.metricConsumedWriteCapacityUnits(sum),
        storage.table.metricConsumedReadCapacityUnits(sum),
      ]),
      graph('Chunks stored', [ofIngest('ChunksStored')]),
    )
    const ofCompactor = own('compactor')
    dashboard.addWidgets(
      graph('Replays, and their workers', [
        replay.replay.function.metricInvocations(sum),
        replay.worker.function.metricInvocations(sum),
        replay.worker.function.metricErrors(sum),
      ]),
      graph('Compactor, ms', [compactor.compactor.function.metricDuration({ ...p99, statistic: 'Maximum' })]),
      graph('Not compacted', [ofCompactor('HoursNotCompacted'), ofCompactor('ObjectsUnreadable')]),
    )
    this.name = dashboard.dashboardName
  }
}

function graph(title: string, left: readonly IMetric[]): GraphWidget {
  return new GraphWidget({ title, left: [...left], width: 8, height: 6 })
}
