import middy from '@middy/core'
import { type Planned, planRun } from '../shared/aws/replay/replay-steps.ts'
import { replayParts } from './support/replay-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const parts = replayParts(observed)

/** Plans a large replay. */
export const handler = middy<{ readonly run: string }, Planned>()
  .use(observed.middleware)
  .handler((event) => planRun(parts, event))
