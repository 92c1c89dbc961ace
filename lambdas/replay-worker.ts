import middy from '@middy/core'
import { type ShareEvent, workOnShare } from '../shared/aws/replay/replay-steps.ts'
import { replayDependencies } from './support/replay-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const dependencies = replayDependencies(observed)

/** Judges one share of a large replay. */
export const handler = middy<ShareEvent, void>()
  .use(observed.middleware)
  .handler((event) => workOnShare(dependencies, event))
