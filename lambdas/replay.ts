import { randomBytes } from 'node:crypto'
import middy from '@middy/core'
import { sfnClient } from '../shared/aws/clients.ts'
import { answerReplay, type ReplayAnswer, type ReplayService } from '../shared/aws/replay/replay-service.ts'
import { setting } from './support/environment.ts'
import { replayDependencies } from './support/replay-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const service: ReplayService = {
  ...replayDependencies(observed),
  archiveBucket: setting('archiveBucket'),
  machine: { client: sfnClient(), arn: setting('replayMachine') },
  clock: Date.now,
  random: () => randomBytes(4).toString('hex'),
}

/** Replays {from, to, rules?, mode?, limit?, dryRun?}: at once where little lies in range, else it starts an execution; {run} asks for the state of one. */
export const handler = middy<unknown, ReplayAnswer>()
  .use(observed.middleware)
  .handler(async (event) => {
    const answer = await answerReplay(service, event)
    const { state } = answer
    observed.log('info', 'replay', { state, ...('run' in answer && { run: answer.run }) })
    return answer
  })
