import { describe, expect, test } from 'vitest'
import { InputError } from '../../shared/errors.ts'
import { readExperimentEvent } from '../../shared/experiments/read-event.ts'

const NOW = 1_764_000_000_000
const read = (body: unknown) =>
  readExperimentEvent(typeof body === 'string' ? body : JSON.stringify(body), { nowMs: NOW, newId: () => 'new' })

function refusal(body: unknown): string {
  try {
    read(body)
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'none'
}

describe('our own format', () => {
  test('starts and stops an experiment', () => {
    expect(
      read({ action: 'start', id: 'drill', at: '2025-11-24T16:00:00Z', name: 'Drill', services: ['cart'] }),
    ).toEqual({
      experiment: 'drill',
      kind: 'started',
      atMs: 1_764_000_000_000,
      receivedAtMs: NOW,
      source: 'api',
      name: 'Drill',
      services: ['cart'],
    })
    expect(read({ action: 'stop', id: 'drill', at: NOW + 5 })).toMatchObject({ kind: 'ended', atMs: NOW + 5 })
  })

  test('says what it tolerates, and with what it is compared', () => {
    const said = read({ action: 'start', id: 'drill', tolerate: { RETRIES: 0.005 }, baseline: '-1d' })
    expect(said).toMatchObject({ tolerate: { RETRIES: 0.005 }, baselineAgoMs: 86_400_000 })
  })

  test('a start without an id gets one', () => {
    expect(read({ action: 'start' })).toEqual({ experiment: 'new', kind: 'started', receivedAtMs: NOW, source: 'api' })
  })

  test.each([
    ['no JSON', '{', 'not-json'],
    ['a list', [], 'not-json'],
    ['an unknown action', { action: 'pause', id: 'x' }, 'bad-experiment'],
    ['a stop of nothing', { action: 'stop' }, 'bad-experiment'],
    ['a time that is none', { action: 'start', at: 'noon' }, 'bad-experiment'],
    ['an id that no URL can hold', { action: 'start', id: 'a/b' }, 'bad-experiment'],
    ['a share above 1', { action: 'start', tolerate: { RETRIES: 5 } }, 'bad-experiment'],
    ['a baseline that is no time before', { action: 'start', baseline: 'yesterday' }, 'bad-experiment'],
    ['a key that is none of ours', { action: 'start', colour: 'red' }, 'bad-experiment'],
    [
      'too many labels',
      { action: 'start', labels: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ''])) },
      'bad-experiment',
    ],
  ])('%s is refused', (_, body, code) => {
    expect(refusal(body)).toBe(code)
  })
})

describe("Gremlin's webhooks", () => {
  const attack = {
    teamId: 'e7352a6b-a9a0-513c-81e4-980f680a70c4',
    attackId: '5d0b5d55-2b77-4b3e-9d3c-5fd83cb1d98f',
    attackType: 'latency',
    stage: 'Running',
    attackStatus: 'Running',
    source: 'WebApp',
    time: '2025-11-24T16:00:00Z',
  }

  test('an attack that runs starts an experiment', () => {
    expect(read(attack)).toEqual({
      experiment: 'gremlin-5d0b5d55-2b77-4b3e-9d3c-5fd83cb1d98f',
      kind: 'started',
      atMs: NOW,
      receivedAtMs: NOW,
      source: 'gremlin',
      name: 'latency',
      labels: { team: attack.teamId, attack: 'latency', startedBy: 'WebApp' },
    })
  })

  test('an attack is declared, runs, and ends with its stage as the outcome', () => {
    expect(read({ ...attack, attackStatus: 'Initialized', stage: 'Pending' }).kind).toBe('declared')
    expect(read({ ...attack, attackStatus: 'Finished', stage: 'Successful' })).toMatchObject({
      kind: 'ended',
      outcome: 'Successful',
    })
  })

  test('times are read as ISO, as seconds and as milliseconds; another form leaves the time of receipt', () => {
    expect(read({ ...attack, time: '1764000000' }).atMs).toBe(NOW)
    expect(read({ ...attack, time: 1_764_000_000_123 }).atMs).toBe(NOW + 123)
    expect(read({ ...attack, time: 'just now' }).atMs).toBeUndefined()
  })

  test("a scenario's run is one experiment", () => {
    const run = {
      scenarioId: 'abc',
      scenarioName: 'AZ loss',
      runNumber: 3,
      status: 'Active',
      time: attack.time,
      rules: ['R'],
    }
    expect(read(run)).toMatchObject({
      experiment: 'gremlin-scenario-abc-3',
      kind: 'started',
      name: 'AZ loss',
      rules: ['R'],
    })
    expect(read({ ...run, status: 'Finished' }).kind).toBe('ended')
  })

  test('a token that Gremlin did not replace is refused', () => {
    const unreplaced = `$\{STATUZ}`
    expect(refusal({ ...attack, attackStatus: unreplaced })).toBe('token-not-replaced')
  })

  test.each(['Dancing', 'constructor'])('a status that nobody knows is refused: %s', (attackStatus) => {
    expect(refusal({ ...attack, attackStatus })).toBe('unknown-status')
  })
})

describe('events of AWS FIS', () => {
  const change = (status: string, reason = '') => ({
    version: '0',
    id: '12345678-1234-1234-1234-123456789012',
    'detail-type': 'FIS Experiment State Change',
    source: 'aws.fis',
    account: '123456789012',
    time: '2025-11-24T16:00:00Z',
    region: 'eu-west-1',
    resources: ['arn:aws:fis:eu-west-1:123456789012:experiment/EXPaBCD1efg2HIJkL3'],
    detail: {
      'experiment-id': 'EXPaBCD1efg2HIJkL3',
      'experiment-template-id': 'EXTa1b2c3de5f6g7h',
      'new-state': { status, reason },
      'old-state': { status: 'pending', reason: '' },
    },
  })

  test('a running experiment starts one', () => {
    expect(read(change('running'))).toEqual({
      experiment: 'fis-EXPaBCD1efg2HIJkL3',
      kind: 'started',
      atMs: NOW,
      receivedAtMs: NOW,
      source: 'aws-fis',
      name: 'EXTa1b2c3de5f6g7h',
      labels: { template: 'EXTa1b2c3de5f6g7h', account: '123456789012', region: 'eu-west-1' },
    })
  })

  test.each([
    ['initiating', 'declared'],
    ['stopping', 'noted'],
    ['completed', 'ended'],
    ['stopped', 'ended'],
    ['failed', 'ended'],
  ])('%s: it is %s', (status, kind) => {
    expect(read(change(status)).kind).toBe(kind)
  })

  test('why it ended is kept', () => {
    expect(read(change('stopped', 'alarm betrace-main-critical')).outcome).toBe('stopped: alarm betrace-main-critical')
  })

  test.each(['dancing', 'constructor', 'toString'])('a status that nobody knows is refused: %s', (status) => {
    expect(refusal(change(status))).toBe('unknown-status')
  })

  test('an event without an experiment is refused', () => {
    expect(refusal({ ...change('running'), detail: {} })).toBe('bad-experiment')
  })
})
