import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Context } from 'aws-lambda'
import { replayMachine } from '../../infra/replay-machine.ts'
import { ENVIRONMENT } from '../../shared/aws/deployment.ts'
import type { ReplayAnswer } from '../../shared/aws/replay/replay-service.ts'
import { type Ended, execute, type MachineParts } from './state-machine.ts'

type Handler = (event: unknown, context: Context) => Promise<unknown>
type StepName = 'plan' | 'worker' | 'report'

/** The functions of a replay, as they are in lambdas/, and their state machine as infra/ defines it. */
export interface ReplayStack {
  /** Invokes the replay function. */
  invoke(event: object): Promise<ReplayAnswer>
  /** Resolves when every execution that was started has ended: how, by run. */
  executions(): Promise<ReadonlyMap<string, Ended>>
  /** Called before each state's function; may throw in its place. */
  beforeStep: (step: StepName, event: unknown) => unknown
  stop(): void
}

const ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:replay'

/** To be called while the environment is that of a local stack: functions read it when they are loaded. */
export async function startReplayStack(s3: S3Client, context: Context): Promise<ReplayStack> {
  const ended = new Map<string, Ended>()
  const running = new Map<string, Promise<void>>()
  const handlers = new Map<StepName, Handler>()
  const definition = replayMachine({
    plan: 'plan',
    worker: 'worker',
    report: 'report',
    archiveBucket: 'archive',
    partition: 'aws',
    concurrency: 4,
  })
  const stack: Pick<ReplayStack, 'beforeStep'> = { beforeStep: () => {} }
  const taskOf = (step: StepName) => async (event: unknown) => {
    await stack.beforeStep(step, event)
    return handlers.get(step)?.(event, context)
  }
  const parts: MachineParts = {
    definition,
    tasks: new Map((['plan', 'worker', 'report'] as const).map((step) => [step, taskOf(step)])),
    async readObject(Bucket, Key) {
      return (await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? ''
    },
    async writeObject(Bucket, Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    },
  }
  const start = (name: string, input: string) => {
    const done = execute(parts, JSON.parse(input)).then((end) => {
      ended.set(name, end)
    })
    running.set(name, done)
  }

  /** The two calls that the functions make, as the API reference has them. */
  function answer(action: string, input: Readonly<Record<string, string>>): { status: number; body: object } {
    if (action === 'AWSStepFunctions.StartExecution') {
      start(input.name ?? '', input.input ?? '')
      return {
        status: 200,
        body: { executionArn: `${ARN.replace('stateMachine', 'execution')}:${input.name}`, startDate: 0 },
      }
    }
    const name = input.executionArn?.split(':').at(-1) ?? ''
    if (!running.has(name)) {
      return { status: 400, body: { __type: 'com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist', message: '' } }
    }
    const end = ended.get(name)
    const failed = end?.status === 'FAILED' ? { error: end.Error, cause: end.Cause } : {}
    return { status: 200, body: { executionArn: input.executionArn, status: end?.status ?? 'RUNNING', ...failed } }
  }
  const server = createServer(async (request, response) => {
    const { status, body } = answer(String(request.headers['x-amz-target']), JSON.parse(await text(request)))
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env.AWS_ENDPOINT_URL_SFN = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.env[ENVIRONMENT.replayMachine] = ARN
  const { handler } = await import('../../lambdas/replay.ts')
  handlers.set('plan', (await import('../../lambdas/replay-plan.ts')).handler as unknown as Handler)
  handlers.set('worker', (await import('../../lambdas/replay-worker.ts')).handler as unknown as Handler)
  handlers.set('report', (await import('../../lambdas/replay-report.ts')).handler as unknown as Handler)
  return Object.assign(stack, {
    invoke: (event: object) => (handler as unknown as Handler)(event, context) as Promise<ReplayAnswer>,
    async executions() {
      await Promise.all(running.values())
      return ended
    },
    stop() {
      server.closeAllConnections()
      server.close()
    },
  })
}

/** An id that no run has yet. */
export const anyRunId = () => `20260131T120000Z-${randomBytes(4).toString('hex')}`
