import { afterAll, beforeAll } from 'vitest'
import { type Faux, startFaux } from './emulators.ts'

/** SQS, SNS and S3 for one test file, from its first test to its last. */
export function faux(): () => Faux {
  let running: Faux | undefined
  beforeAll(async () => {
    running = await startFaux()
  })
  afterAll(() => running?.stop())
  return () => {
    if (running === undefined) throw new Error('the emulator runs only while tests do')
    return running
  }
}

/** The same client, but `before` sees each command first and may answer in place of the service, or throw. */
export function intercepted<Client extends { send(command: never): unknown }>(
  client: Client,
  before: (command: { readonly input: object }) => unknown,
): Client {
  const send = async (command: never) => (await before(command)) ?? client.send(command)
  return Object.assign(Object.create(client) as Client, { send })
}
