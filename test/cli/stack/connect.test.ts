import { beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { account, set } = deployed()
const URL_OF_STAGE = 'https://x.execute-api.us-east-1.amazonaws.com/main'
beforeEach(() => {
  set({ ingestUrl: URL_OF_STAGE })
  account().secret = { id: 'v1', text: JSON.stringify({ generatedKey: 'a-key-that-is-secret' }) }
})

const connect = (...args: readonly string[]) => runInProcess(['connect', ...args])

describe('betrace connect', () => {
  test('gives SDKs the endpoint below the stage, and no key unless asked', async () => {
    const { exitCode, out, err } = await connect('--for', 'sdk')
    expect(exitCode, err).toBe(0)
    expect(out).toContain(`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="${URL_OF_STAGE}/v1/traces"`)
    expect(out).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT="${URL_OF_STAGE}"`)
    expect(out).toContain('OTEL_EXPORTER_OTLP_HEADERS="x-api-key=$BETRACE_API_KEY"')
    expect(out).toContain('$(betrace keys show --stack betrace-main)')
    expect(out).not.toContain('a-key-that-is-secret')
  })

  test('prints the key where --show-key is given', async () => {
    expect((await connect('--show-key')).out).toContain('BETRACE_API_KEY="a-key-that-is-secret"')
  })

  test('gives a Collector a block of YAML with encoding, compression, retries and a queue', async () => {
    const { out } = await connect('--for', 'collector')
    expect(parse(out).exporters['otlp_http/betrace']).toMatchObject({
      traces_endpoint: `${URL_OF_STAGE}/v1/traces`,
      encoding: 'proto',
      compression: 'gzip',
      headers: { 'x-api-key': `\${env:BETRACE_API_KEY}` },
      retry_on_failure: { enabled: true },
      sending_queue: { enabled: true },
    })
  })

  test('says what to do where the stack does not exist, or is not deployed yet', async () => {
    expect(await connect('--stack', 'betrace-other')).toMatchObject({
      exitCode: 2,
      out: '',
      err: expect.stringMatching(/no stack is named betrace-other.*\n.*--stack/),
    })
    account().outputs = {}
    expect((await connect()).err).toMatch(/has no output IngestUrl/)
  })
})
