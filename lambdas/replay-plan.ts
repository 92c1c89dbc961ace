import middy from '@middy/core'
import { type Planned, planRun } from '../shared/aws/replay/replay-steps.ts'
import { replayDependencies } from './support/replay-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const dependencies = replayDependencies(observed)

/** Plans a large replay. */
export const handler = middy<{ readonly run: string }, Planned>()
  .use(observed.middleware)
  .handler((event) => planRun(dependencies, event))
