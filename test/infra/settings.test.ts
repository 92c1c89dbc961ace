import { describe, expect, test } from 'vitest'
import { readSettings } from '../../infra/settings.ts'

const read = (context: Readonly<Record<string, unknown>>) => readSettings({ getAllContext: () => context })

describe('settings', () => {
  test('have safe defaults', () => {
    expect(read({})).toMatchObject({
      environment: 'main',
      quietPeriodSeconds: 30,
      keepData: true,
      corsOrigins: [],
      xray: false,
      packs: ['instrumentation', 'reliability', 'performance', 'security', 'doctor'],
      throttleRequestsPerSecond: 1_000,
    })
  })

  test('may be texts, as the command line gives them', () => {
    const given = {
      quietPeriodSeconds: '5',
      keepData: 'false',
      pager: 'mailto:a@b.example, https://c.example',
      packs: '',
      redact: 'user.*,order.email',
      runbookBase: 'https://git.example/betrace/',
    }
    const expected = {
      quietPeriodSeconds: 5,
      keepData: false,
      pager: ['mailto:a@b.example', 'https://c.example'],
      packs: [],
      redact: ['user.*', 'order.email'],
      runbookBase: 'https://git.example/betrace/',
    }
    expect(read(given)).toMatchObject(expected)
  })

  test('that are wrong are named all at once, each with what it must be', () => {
    const wrong = {
      environment: 'Prod!',
      quietPeriodSeconds: '5s',
      pager: 'ops',
      corsOrigins: 'shop.example/path',
      logDays: 31,
      keepData: 'no',
      runbookBase: 'docs',
      redact: ['a b'],
    }
    for (const name of Object.keys(wrong)) expect(() => read(wrong)).toThrow(name)
    expect(() => read(wrong)).toThrow(/must be one of 1, 3, 5/)
    expect(() => read(wrong)).toThrow(
      expect.objectContaining({
        code: 'bad-setting',
        hint: expect.stringContaining('docs/reference/stack-settings.md'),
      }),
    )
  })

  test('that are unknown are refused, with the name that was meant; those of the CDK are left alone', () => {
    expect(() => read({ quietPeriod: 5 })).toThrow('quietPeriod: is not a setting, did you mean quietPeriodSeconds?')
    expect(() => read({ zebra: 1 })).toThrow(/zebra: is not a setting$/)
    const ofCdk = { '@aws-cdk/core:checkSecretUsage': true, 'aws:cdk:bundling-stacks': ['**'], 'cli-telemetry': false }
    expect(read(ofCdk).environment).toBe('main')
  })

  test('must let incomplete traces wait at least as long as complete ones', () => {
    expect(() => read({ quietPeriodSeconds: 300 })).toThrow('quietPeriodSeconds <= incompleteWaitSeconds')
    expect(read({ quietPeriodSeconds: 300, incompleteWaitSeconds: 300 }).quietPeriodSeconds).toBe(300)
  })

  test.each([
    ['evaluatorConcurrency', 2, 1_000],
    ['wafRequestsPerFiveMinutes', 10, 2_000_000_000],
    ['archiveDays', 1, 36_500],
  ])('%s holds at its limits and not beyond', (name, min, max) => {
    for (const good of [min, max]) expect(read({ [name]: good })).toMatchObject({ [name]: good })
    for (const bad of [min - 1, max + 1]) expect(() => read({ [name]: bad })).toThrow(name)
  })
})
