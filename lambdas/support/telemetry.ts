import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics as Emf, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import { FUNCTION_DIMENSION, type MetricName, metricName } from '../../shared/aws/deployment.ts'
import type { Counted, Log, Metrics } from '../../shared/pipeline/ports.ts'
import { setting } from './environment.ts'
import { makeVisible, visibleConsole } from './visible-output.ts'

/** What a function logs and counts; metrics go out when an invocation ends, however it ends. */
export interface Telemetry {
  readonly log: Log
  readonly metrics: Metrics
  /** Counts what no port counts. */
  count(name: MetricName, amount: number): void
  readonly middleware: MiddlewareObj<unknown, unknown, Error>
}

/** A count whose dimensions are worth their price; a metric a rule would cost thousands. */
const DIMENSIONS = ['severity', 'mode']
/** Distinct labels of one invocation that are logged, rules among them. */
const LOGGED_LABELS = 100

interface Tally {
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
  amount: number
}

/** Logs with powertools and counts in CloudWatch's embedded metric format, both under the function's name. */
export function telemetry(): Telemetry {
  const functionName = setting('functionName')
  const logger = new Logger()
  const log: Log = (level, message, fields = {}) => logger[level](message, fields)
  const emf = new Emf()
  for (const writer of [logger, emf]) Object.assign(writer, { console: visibleConsole() })
  emf.clearDefaultDimensions()
  emf.setDefaultDimensions({ [FUNCTION_DIMENSION]: functionName })
  const tallies = new Map<string, Tally>()
  const labels = new Map<string, number>()
  const observed: { readonly name: string; readonly value: number }[] = []

  const tally = (name: string, dimensions: Tally['dimensions'], amount: number) => {
    const key = JSON.stringify([name, dimensions])
    const known = tallies.get(key)
    if (known === undefined) tallies.set(key, { name, dimensions, amount })
    else known.amount += amount
  }
  const add = (name: keyof Counted, given: Readonly<Record<string, unknown>>, amount = 1) => {
    const all = Object.entries(given).map(([label, value]) => [label, String(value)] as const)
    tally(metricName(name), Object.fromEntries(all.filter(([label]) => DIMENSIONS.includes(label))), amount)
    const rest = all.filter(([label]) => !DIMENSIONS.includes(label)).map(([label, value]) => `${label}=${value}`)
    if (rest.length === 0) return
    const key = `${name} ${rest.join(' ')}`
    if (labels.has(key) || labels.size < LOGGED_LABELS) labels.set(key, (labels.get(key) ?? 0) + amount)
  }
  const flush = () => {
    for (const group of Map.groupBy(tallies.values(), ({ dimensions }) => JSON.stringify(dimensions)).values()) {
      emf.addDimensions({ ...group[0]?.dimensions })
      for (const { name, amount } of group) emf.addMetric(name, MetricUnit.Count, amount)
      emf.publishStoredMetrics()
    }
    for (const { name, value } of observed) emf.addMetric(name, MetricUnit.Milliseconds, value)
    if (observed.length > 0) emf.publishStoredMetrics()
    if (labels.size > 0) log('info', 'counted', Object.fromEntries(labels))
    tallies.clear()
    labels.clear()
    observed.length = 0
  }
  return {
    log,
    metrics: {
      add,
      observe: (name, value) => observed.push({ name: name === 'judgeMs' ? 'JudgeMs' : 'IngestMs', value }),
    },
    count: (name, amount) => tally(name, {}, amount),
    middleware: {
      before: ({ context }) => {
        logger.appendKeys({ requestId: (context as Context).awsRequestId })
      },
      after: flush,
      onError: ({ error }) => {
        makeVisible(error)
        flush()
      },
    },
  }
}
