import { describe, expect, test } from 'vitest'
import { runtimeSettings } from '../../local/settings.ts'
import { judgingSettings } from '../../shared/pipeline/settings.ts'

describe('settings', () => {
  test('have defaults: five seconds of quiet locally, thirty deployed', () => {
    expect(runtimeSettings({})).toMatchObject({ quietPeriodMs: 5_000, incompleteWaitMs: 15_000, port: 4318 })
    expect(judgingSettings({})).toMatchObject({
      quietPeriodMs: 30_000,
      maxTraceAgeMs: 3_600_000,
      judgeWindowMs: 86_400_000,
    })
  })

  test.each([
    [{ quietPeriodMs: -1 }, 'quietPeriodMs: '],
    [{ quietPeriodMs: 0.5 }, 'quietPeriodMs: '],
    [{ port: 70_000 }, 'port: '],
    [{ maxTraceSpans: 0 }, 'maxTraceSpans: '],
    [{ maxRequestValues: 1e9 }, 'maxRequestValues: expected at most 100000000'],
    [{ maxBodyBytes: 2 ** 31 }, 'maxBodyBytes: expected at most 1073741824'],
    [{ quietPeriod: 5 } as object, 'quietPeriod: '],
    [{ webhooks: [{ url: 'ftp://example.org' }] }, 'webhooks.0.url: expected an http or https URL'],
    [{ webhooks: [{ url: 'nowhere' }] }, 'webhooks.0.url: expected an http or https URL'],
    [{ quietPeriodMs: 20_000 }, 'incompleteWaitMs (15000) is less than quietPeriodMs (20000)'],
    [{ maxTraceAgeMs: 1_000 }, 'maxTraceAgeMs (1000) is less than incompleteWaitMs (15000)'],
    [{ maxWaitingPerSender: 19_999 }, 'maxWaitingPerSender (19999) is less than maxRequestTraces (20000)'],
    [{ maxBehindMs: 0 }, 'maxBehindMs: '],
    [{ redact: ['user.*', 'a b'] }, 'redact.1: expected a key, or a pattern such as user.*'],
    [{ chunkRetentionMs: 1_000 }, 'chunkRetentionMs (1000) is not more than maxTraceAgeMs (3600000)'],
  ])('%j is refused by name', (given, message) => {
    expect(() => runtimeSettings(given)).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'bad-setting', message: expect.stringContaining(message) }),
    )
  })

  test('are all checked at once', () => {
    expect(() => runtimeSettings({ port: -1, leaseMs: 0 })).toThrow(/leaseMs: .*; port: |port: .*; leaseMs: /)
  })
})
