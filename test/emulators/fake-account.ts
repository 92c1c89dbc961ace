import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach } from 'vitest'

/*
 * A fake, not an emulator: no npm package emulates CloudFormation and Secrets Manager. It answers the four calls that
 * the command line makes, as their API references describe them, and nothing else.
 */

interface SecretVersion {
  readonly id: string
  readonly text: string
}

/** One account with one stack and one secret. */
export interface FakeAccount {
  readonly endpoint: string
  stackName: string
  outputs: Record<string, string>
  /** The version labelled current. */
  secret: SecretVersion
  /** Runs once before the label of the current version is moved. */
  beforeMove: (() => void) | undefined
  readonly versions: Map<string, string>
}

/** A fake account for one test file, emptied before each test. */
export function fakeAccount(): () => FakeAccount {
  const account: FakeAccount = {
    endpoint: '',
    stackName: 'betrace-main',
    outputs: {},
    secret: { id: 'v1', text: '{}' },
    beforeMove: undefined,
    versions: new Map(),
  }
  const server = createServer(async (request, response) => {
    const { status, body } = answer(account, request, await text(request))
    response.writeHead(status, { 'x-answered-by': 'a fake' }).end(body)
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    Object.assign(account, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  })
  beforeEach(() => {
    Object.assign(account, { outputs: {}, secret: { id: 'v1', text: '{}' }, beforeMove: undefined })
    account.versions.clear()
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  return () => account
}

interface Answer {
  readonly status: number
  readonly body: string
}

function answer(account: FakeAccount, request: IncomingMessage, body: string): Answer {
  const target = String(request.headers['x-amz-target'] ?? '')
  if (target.startsWith('secretsmanager.')) return secretAnswer(account, target.slice(15), JSON.parse(body))
  const query = new URLSearchParams(body)
  if (query.get('Action') === 'DescribeStacks') return stackAnswer(account, query.get('StackName') ?? '')
  return { status: 501, body: 'the fake does not know this call' }
}

function stackAnswer({ stackName, outputs }: FakeAccount, asked: string): Answer {
  if (asked !== stackName) {
    const body = `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${asked} does not exist</Message></Error></ErrorResponse>`
    return { status: 400, body }
  }
  const members = Object.entries(outputs).map(
    ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  )
  const stack = `<StackName>${asked}</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs>`
  const result = `<DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult>`
  return {
    status: 200,
    body: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">${result}</DescribeStacksResponse>`,
  }
}

function secretAnswer(account: FakeAccount, action: string, input: Record<string, string>): Answer {
  const ok = (value: object) => ({ status: 200, body: JSON.stringify(value) })
  if (action === 'GetSecretValue') return ok({ SecretString: account.secret.text, VersionId: account.secret.id })
  if (action === 'PutSecretValue') {
    const id = randomUUID()
    account.versions.set(id, input.SecretString ?? '')
    return ok({ VersionId: id })
  }
  if (action === 'UpdateSecretVersionStage') {
    const { beforeMove } = account
    account.beforeMove = undefined
    beforeMove?.()
    if (input.RemoveFromVersionId !== account.secret.id) {
      return {
        status: 400,
        body: JSON.stringify({ __type: 'InvalidParameterException', message: 'label is elsewhere' }),
      }
    }
    const id = input.MoveToVersionId ?? ''
    account.secret = { id, text: account.versions.get(id) ?? '' }
    return ok({})
  }
  return { status: 501, body: 'the fake does not know this call' }
}
