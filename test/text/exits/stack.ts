import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SNSClient } from '@aws-sdk/client-sns'
import { run } from '../../../cli/program.ts'
import { SnsSignalPublisher } from '../../../shared/aws/signals/sns-publisher.ts'
import type { PublishedEvent } from '../../../shared/pipeline/signal.ts'
import { fakeScreen, fakeTerminal } from '../../cli/fake-terminal.ts'
import { restoreEnvironment } from '../../environment.ts'
import { type HostileCloud, hostileCloud } from './cloud.ts'
import { type HostileFolder, hostileFolder } from './folder.ts'
import { type Exit, runBoth, type Written } from './hostile.ts'
import { LYING_KEY } from './incident-items.ts'
import { lyingEvents, lyingSignal } from './lies.ts'

const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_MAX_ATTEMPTS: '1',
}

/** Does work while this process's environment points to an account in which everything is the text. */
export async function withCloud<Result>(text: string, work: (cloud: HostileCloud) => Promise<Result>): Promise<Result> {
  const before = { ...process.env }
  const cloud = await hostileCloud(text)
  Object.assign(process.env, ENVIRONMENT, { AWS_ENDPOINT_URL: cloud.endpoint })
  try {
    return await work(cloud)
  } finally {
    cloud.close()
    restoreEnvironment(before)
  }
}

type Lines = (folder: HostileFolder, text: string) => readonly (readonly string[])[]

/** Runs command lines on an account that is all text, then on one that refuses with it. */
function onStack(name: string, lines: Lines, markdown = false): Exit {
  const run = (text: string) =>
    withCloud(text, async (cloud) => {
      const folder = hostileFolder(text)
      const texts: Written[] = []
      for (const answer of ['content', 'errors'] as const) {
        cloud.answer = answer
        for (const line of lines(folder, text)) texts.push(...(await runBoth(line, '', markdown)))
      }
      folder.remove()
      return texts
    })
  return { name, run }
}

/** Listens until the topic has sent everything twice. */
function tailed(format: string): Exit {
  const tail = async (cloud: HostileCloud, isTTY: boolean): Promise<readonly Written[]> => {
    const screen = () => fakeScreen({ isTTY })
    const terminal = { ...fakeTerminal(), stdout: screen(), stderr: screen() }
    const before = cloud.sent.length
    const received = () => cloud.sent.slice(before).filter(({ action }) => action === 'ReceiveMessage').length
    const ended = run(['signals', 'tail', '--format', format], terminal)
    for (let tries = 0; tries < 1_000 && received() < 2 && cloud.answer === 'content'; tries++) await sleep(5)
    terminal.ctrlC.abort()
    await ended
    return [terminal.stdout, terminal.stderr].map((each) => ({ text: each.text(), onTerminal: isTTY }))
  }
  const listen = (text: string) =>
    withCloud(text, async (cloud) => {
      const heard = [...(await tail(cloud, false)), ...(await tail(cloud, true))]
      cloud.answer = 'errors'
      return [...heard, ...(await tail(cloud, false))]
    })
  return { name: `signals tail ${format}`, run: listen }
}

const NOTIFY = `version: 1
receivers: { a: { type: webhook, url: "\${secret:a}" }, b: { type: webhook, url: https://b.example } }
routes: [{ otherwise: true, to: [a, b] }]
`

/** A file of receivers in a folder of strangers. */
function pushed({ path }: HostileFolder, text: string): string {
  const file = join(path, 'pushed.yaml')
  writeFileSync(file, text)
  return file
}

const RANGE = ['--from', '2026-01-01', '--to', '2026-01-02']
const EMPTY = join(tmpdir(), 'betrace-exits-pulled-')

const NO_WAIT = { attempts: 2, firstWaitMs: 1, pause: async () => {} }

/** The topic of a stack gets messages and their attributes. */
export const TOPIC_EXIT: Exit = {
  name: 'topic',
  run: (text) =>
    withCloud(text, async (cloud) => {
      const client = new SNSClient({})
      const publisher = new SnsSignalPublisher({ client, arn: 'arn:aws:sns:us-east-1:0:signals', backoff: NO_WAIT })
      const events = lyingEvents(text) as readonly PublishedEvent[]
      const large = { ...lyingSignal(text), data: { ...lyingSignal(text).data, description: text.repeat(5_000) } }
      await publisher.publish([...events, large])
      client.destroy()
      const fields = cloud.sent.flatMap(({ body }) => [...new URLSearchParams(body)])
      return fields
        .filter(([name]) => /Message$|StringValue$/.test(name))
        .map(([name, value]) => ({ text: `${name}=${value}` }))
    }),
}

/** Commands on a deployed stack. */
export const STACK_EXITS: readonly Exit[] = [
  onStack('connect', (_, text) => [
    ['connect', '--stack', 'lies'],
    ['connect', '--show-key'],
    ['connect', '--stack', text],
  ]),
  onStack('keys add', (_, text) => [
    ['keys', 'add', 'fresh'],
    ['keys', 'add', text],
    ['keys', 'add', 'fresh', '--stack', text],
  ]),
  onStack('keys revoke', (_, text) => [
    ['keys', 'revoke', text],
    ['keys', 'revoke', `${text}none`],
  ]),
  onStack('keys list', () => [['keys', 'list']]),
  onStack('keys show', () => [['keys', 'show']]),
  onStack('rules push', ({ rules, broken, missing }) => [
    ['rules', 'push', rules, '--prune'],
    ['rules', 'push', broken],
    ['rules', 'push', missing],
  ]),
  ...['pretty', 'json'].map((format) => onStack(`rules list ${format}`, () => [['rules', 'list', '--format', format]])),
  {
    name: 'rules pull',
    async run(text) {
      const folder = mkdtempSync(EMPTY)
      const pull = onStack('rules pull', ({ path, traces }) => [
        ['rules', 'pull', folder, '--packs'],
        ['rules', 'pull', path, '--force'],
        ['rules', 'pull', traces],
      ])
      const texts = await pull.run(text)
      rmSync(folder, { recursive: true })
      return texts
    },
  },
  ...['pretty', 'json', 'jsonl'].map((format) =>
    onStack(`rules status ${format}`, (_, text) => [
      ['rules', 'status', '--stack', 'any', ...RANGE, '--format', format],
      ['rules', 'status', '--stack', text, ...RANGE, '--format', format],
    ]),
  ),
  onStack('rules rollback', (_, text) => [
    ['rules', 'rollback'],
    ['rules', 'rollback', text],
  ]),
  tailed('pretty'),
  tailed('jsonl'),
  onStack('notify push', (folder, text) => [
    ['notify', 'push', pushed(folder, `version: 1\nreceivers: { ${JSON.stringify(text)}: ${JSON.stringify(text)} }\n`)],
    ['notify', 'push', pushed(folder, NOTIFY)],
    ['notify', 'push', pushed(folder, NOTIFY), '--stack', text],
    ['notify', 'push', folder.missing],
    ['notify', 'check', pushed(folder, NOTIFY), '--stack', 'betrace-main'],
  ]),
  onStack('notify test', (_, text) => [
    ['notify', 'test', text, '--stack', 'betrace-main'],
    ['notify', 'test', 'a', '--stack', text],
  ]),
  ...['pretty', 'json', 'jsonl'].flatMap((format) => [
    onStack(`incidents list ${format}`, (_, text) => [
      ['incidents', 'list', '--stack', 'any', '--format', format],
      ['incidents', 'list', '--stack', text, '--format', format],
    ]),
    onStack(`mute list ${format}`, () => [['mute', 'list', '--stack', 'any', '--format', format]]),
  ]),
  ...['pretty', 'json'].map((format) =>
    onStack(`incidents show ${format}`, (_, text) => [
      ['incidents', 'show', LYING_KEY, '--stack', 'any', '--format', format],
      ['incidents', 'show', text.toWellFormed(), '--stack', 'any', '--format', format],
    ]),
  ),
  onStack('incidents resolve', (_, text) => [
    ['incidents', 'resolve', LYING_KEY, '--why', text, '--by', text, '--stack', 'any'],
    ['incidents', 'resolve', text.toWellFormed(), '--why', text, '--stack', 'any'],
  ]),
  onStack('mute add', (_, text) => [
    ['mute', 'rule == A', '--for', '1h', '--why', 'x', '--stack', text],
    ['mute', text, '--for', '1h', '--why', text, '--stack', 'any'],
  ]),
  onStack('mute remove', (_, text) => [
    ['mute', 'remove', 'made', '--stack', 'any'],
    ['mute', 'remove', text.toWellFormed(), '--stack', 'any'],
  ]),
  onStack('redrive', (_, text) => [
    ['redrive', '--dry-run'],
    ['redrive', '--stack', text],
  ]),
  onStack('doctor', (_, text) => [
    ['doctor', '--timeout', '1s', '--api-key', 'any'],
    ['doctor', '--timeout', text],
    ['doctor', '--stack', text],
  ]),
  ...['pretty', 'json', 'jsonl'].map((format) =>
    onStack(`replay ${format}`, ({ rules, broken }, text) => [
      ['replay', '--stack', 'any', ...RANGE, '--format', format],
      ['replay', '--stack', 'any', ...RANGE, '--format', format, '--dry-run'],
      ['replay', '--stack', 'any', ...RANGE, '--format', format, '--rules', rules],
      ['replay', '--stack', 'any', ...RANGE, '--format', format, '--rules', broken],
      ...['bad-rules', 'refused', 'failed'].map((run) => [
        'replay',
        '--stack',
        'any',
        '--run',
        run,
        '--format',
        format,
      ]),
      ['replay', '--stack', text, ...RANGE, '--format', format],
    ]),
  ),
  ...['pretty', 'json'].map((format) =>
    onStack(`check ${format}`, ({ rules }, text) => [
      ['check', '--stack', 'any', '--format', format, rules],
      ['check', '--stack', text, '--format', format, rules],
    ]),
  ),
  ...['pretty', 'json', 'jsonl'].flatMap((format) => [
    onStack(`spans names ${format}`, (_, text) => [
      ['spans', 'names', '--stack', 'any', ...RANGE, '--format', format],
      ['spans', 'names', '--stack', text, ...RANGE, '--format', format],
    ]),
    onStack(`spans attributes ${format}`, (_, text) => [
      ['spans', 'attributes', '--stack', 'any', ...RANGE, '--format', format, '--', text],
    ]),
  ]),
  onStack('import', (_, text) => [['import', '--stack', text, 'any']]),
  onStack('compact', () => [
    ['compact', '--stack', 'any', ...RANGE],
    ['compact', '--stack', 'any', ...RANGE, '--here'],
  ]),
  onStack('forget', (_, text) => [
    ['forget', '--stack', 'any', '--where', `${text}=${text}`, ...RANGE],
    ['forget', '--stack', text, '--where', 'a=b', ...RANGE],
  ]),
  ...['pretty', 'json', 'junit', 'markdown'].map((format) =>
    onStack(
      `verify ${format}`,
      (_, text) => [
        ['verify', '--stack', 'any', '--experiment', text.toWellFormed(), '--format', format],
        ['verify', '--stack', 'any', ...RANGE, '--format', format],
      ],
      format === 'markdown',
    ),
  ),
]
