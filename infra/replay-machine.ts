/** What the state machine of large replays calls; ARNs, and the bucket's name. */
export interface ReplayMachineParts {
  readonly plan: string
  readonly worker: string
  readonly report: string
  readonly archiveBucket: string
  /** `aws`, but in China and GovCloud. */
  readonly partition: string
  /** Workers at once. */
  readonly concurrency: number
}

/** Of a function: throttled, killed, out of memory, or AWS is at fault; each some three minutes in all. */
const RETRY = [
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 2,
    MaxAttempts: 5,
    BackoffRate: 2.5,
    MaxDelaySeconds: 60,
    JitterStrategy: 'FULL',
  },
]
/** A plan that is refused is refused again. */
const REFUSED = { ErrorEquals: ['InputError'], MaxAttempts: 0 }

/**
 * The states of a large replay in Amazon States Language: plan, then a worker for each line of the manifest, then the
 * report. Whatever fails for good is written into the report, by the worker's last state or by the report's; then the
 * execution fails if planning did, so that the alarm of it tells.
 */
export function replayMachine(parts: ReplayMachineParts): object {
  const task = (Resource: string, rest: object) => ({ Type: 'Task', Resource, Retry: RETRY, ...rest })
  const toReport = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Report' }]
  return {
    Comment: 'BeTrace: replays archived traces',
    StartAt: 'Plan',
    TimeoutSeconds: 6 * 3_600,
    States: {
      Plan: task(parts.plan, {
        Retry: [REFUSED, ...RETRY],
        ResultPath: '$.plan',
        Catch: toReport,
        Next: 'IsThereAny',
      }),
      IsThereAny: {
        Type: 'Choice',
        Choices: [{ Variable: '$.plan.shares', NumericEquals: 0, Next: 'Report' }],
        Default: 'Work',
      },
      Work: { ...workStates(parts, task), Catch: toReport, Next: 'Report' },
      Report: task(parts.report, { ResultPath: null, Next: 'IsItWhole' }),
      IsItWhole: {
        Type: 'Choice',
        Choices: [{ Variable: '$.failure', IsPresent: true, Next: 'Failed' }],
        Default: 'Done',
      },
      Failed: { Type: 'Fail', Error: 'ReplayFailed', Cause: 'see "failed" in report.json of the run' },
      Done: { Type: 'Succeed' },
    },
  }
}

type MakeTask = (resource: string, rest: object) => object

function workStates({ worker, archiveBucket, partition, concurrency }: ReplayMachineParts, task: MakeTask): object {
  return {
    Type: 'Map',
    Label: 'Work',
    ItemReader: {
      Resource: `arn:${partition}:states:::s3:getObject`,
      ReaderConfig: { InputType: 'JSONL' },
      Parameters: { Bucket: archiveBucket, 'Key.$': '$.plan.manifest' },
    },
    ItemSelector: { 'run.$': '$.run', 'share.$': '$$.Map.Item.Value' },
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: 'Judge',
      States: {
        Judge: task(worker, {
          ResultPath: null,
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'SayThatItFailed' }],
          End: true,
        }),
        SayThatItFailed: task(worker, { ResultPath: null, End: true }),
      },
    },
    MaxConcurrency: concurrency,
    // A worker that fails for good is named in the report; the others go on.
    ToleratedFailurePercentage: 100,
    // Without it the outputs of all workers would have to fit into one state's output.
    ResultWriter: {
      Resource: `arn:${partition}:states:::s3:putObject`,
      Parameters: { Bucket: archiveBucket, 'Prefix.$': '$.plan.results' },
    },
    ResultPath: null,
  }
}
