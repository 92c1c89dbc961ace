import middy from '@middy/core'
import { type ReportEvent, reportRun } from '../shared/aws/replay/replay-steps.ts'
import { replayDependencies } from './support/replay-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const dependencies = replayDependencies(observed)

/** Adds up what the workers of a large replay found. */
export const handler = middy<ReportEvent, void>()
  .use(observed.middleware)
  .handler((event) => reportRun(dependencies, event))
