import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FACT_NAMES } from '../../shared/incidents/routing/facts.ts'
import { readMatcher } from '../../shared/incidents/routing/read-matcher.ts'
import { routeOf } from '../../shared/incidents/routing/routes.ts'
import { sourceOf } from '../../shared/rules/read/source.ts'
import { FakePagerDuty } from '../emulators/fake-pagerduty.ts'
import { FakeSlack } from '../emulators/fake-slack.ts'
import { noticeOf, resolvedOf } from '../incidents/notices.ts'
import { reading, WEBHOOK_SECRET } from '../incidents/notify/reading.ts'
import { incidentWith } from '../incidents/routing/incident.ts'

const ROOT = join(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'docs/reference/notify.md'), 'utf8')
const outside = {
  env: { PAGERDUTY_KEY: '0'.repeat(32), HOOK_SECRET: WEBHOOK_SECRET, SLACK_TOKEN: 'xoxb-1-example' },
  files: { '/run/secrets/slack': 'xoxb-1-example\n' },
}

/** The YAML of a page. */
function examplesIn(text: string): readonly string[] {
  return [...text.matchAll(/```yaml\n(version: 1\n.*?)```/gs)].map(([, yaml = '']) => yaml)
}

describe('docs/reference/notify.md', () => {
  test('shows a file that is well formed and does what is said', async () => {
    const [example = ''] = examplesIn(page)
    const { config, problems, warnings } = await reading(example, outside)
    expect([problems, warnings]).toEqual([[], []])
    const told = (facts: Parameters<typeof incidentWith>[0]) =>
      config && routeOf(config, incidentWith(facts)).map(({ receiver }) => receiver)
    expect(told({ severity: 'high' })).toEqual(['oncall', 'payments'])
    expect(told({ severity: 'low', owner: 'payments', tags: ['money'] })).toEqual(['payments'])
    expect(told({ severity: 'low' })).toEqual(['everything'])
  })

  test('names all that a matcher can read, with matchers that can be read', () => {
    const [, table = ''] = /## Matchers(.*?)## Values/s.exec(page) ?? []
    expect([...table.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name)).toEqual([...FACT_NAMES])
    const code = [...table.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)
    const matchers = code.filter((text) => /^(?:\w+ (?:==|in|contains|matches|starts with) |exists\(|not )/.test(text))
    const [refused] = matchers.splice(matchers.indexOf('group == 42'), 1)
    expect(readMatcher(sourceOf(refused ?? '')).problems).toHaveLength(1)
    expect(matchers.length).toBeGreaterThan(5)
    for (const text of matchers) expect([text, readMatcher(sourceOf(text)).problems]).toEqual([text, []])
  })
})

describe('README.md', () => {
  const [pagerDuty = '', slack = ''] = examplesIn(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  const tellOnly = async (text: string, env: Readonly<Record<string, string>>, vendor: FakePagerDuty | FakeSlack) => {
    const { config, problems } = await reading(text, { env })
    expect([problems, text.trimEnd().split('\n')]).toMatchObject([[], { length: 5 }])
    const [receiver] = config?.receivers.values() ?? []
    for (const notice of [noticeOf(), resolvedOf()]) {
      expect(await receiver?.tell(notice, undefined, vendor.send)).toMatchObject({ outcome: 'taken' })
    }
  }

  test('pages PagerDuty by five lines', async () => {
    const vendor = new FakePagerDuty()
    await tellOnly(pagerDuty, { PAGERDUTY_KEY: '0'.repeat(32) }, vendor)
    expect(vendor.alerts).toMatchObject([{ status: 'resolved' }])
  })

  test('notifies Slack by five lines', async () => {
    const vendor = new FakeSlack('no token')
    await tellOnly(slack, { SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/secret' }, vendor)
    expect(vendor.roots()).toHaveLength(2)
  })
})
