import middy from '@middy/core'
import type { Context, ScheduledEvent } from 'aws-lambda'
import { type SweepDeps, sweepIncidents } from '../shared/aws/incidents/sweep.ts'
import { giveDueVerdicts } from '../shared/experiments/sweep.ts'
import { experimentSweep } from './support/experiment-sweep.ts'
import { dispatchDependencies, notifySource } from './support/incident-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const { log, count, middleware } = observed
const sweep = experimentSweep(observed)
const notify = notifySource(observed)
const incidents: SweepDeps = { ...dispatchDependencies(notify), notifyVersion: () => notify.version() }

/** Runs every minute: looks for what incidents lost, and gives the verdicts on experiments that are due. */
export const handler = middy<ScheduledEvent, void>()
  .use(middleware)
  .handler(async (_, context) => {
    // Neither waits for the other, nor fails with it.
    const [swept, judged] = await Promise.allSettled([sweepIncidents(incidents), giveVerdicts(context)])
    if (swept.status === 'rejected') throw swept.reason
    count('IncidentsOpen', swept.value)
    if (judged.status === 'rejected') throw judged.reason
  })

/** One invocation at a time. */
async function giveVerdicts(context: Context): Promise<void> {
  const { experiments, clock } = sweep
  const untilMs = clock() + context.getRemainingTimeInMillis()
  if (!(await experiments.takeTurn(untilMs))) return
  try {
    const given = await giveDueVerdicts(sweep)
    if (given > 0) log('info', 'verdicts given', { given })
  } finally {
    await experiments.endTurn(untilMs)
  }
}
