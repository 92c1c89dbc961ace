import validate from 'asl-validator'
import { expect, test } from 'vitest'
import { replayMachine } from '../../infra/replay-machine.ts'

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:'
const definition = replayMachine({
  plan: `${ARN}plan`,
  worker: `${ARN}worker`,
  report: `${ARN}report`,
  archiveBucket: 'archive',
  partition: 'aws',
  concurrency: 100,
})

test('the state machine of large replays is valid Amazon States Language', () => {
  expect(validate(definition)).toMatchObject({ isValid: true, errors: [] })
  const broken = JSON.parse(JSON.stringify(definition).replace('"Next":"Report"', '"Next":"Nowhere"'))
  expect(validate(broken).isValid).toBe(false)
})

test('a worker that fails fails no other, is tried again, and is written into the report', () => {
  expect(definition).toMatchObject({
    States: {
      Work: {
        ToleratedFailurePercentage: 100,
        MaxConcurrency: 100,
        ItemReader: { ReaderConfig: { InputType: 'JSONL' } },
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED' },
          States: { Judge: { Retry: [{ MaxAttempts: 5 }], Catch: [{ Next: 'SayThatItFailed' }] } },
        },
        Next: 'Report',
      },
    },
  })
})
