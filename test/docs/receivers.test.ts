import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RECEIVER_TYPES } from '../../shared/incidents/receivers/all.ts'
import { reading, WEBHOOK_SECRET } from '../incidents/notify/reading.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/receivers.md'), 'utf8')
const ENVIRONMENT = {
  PAGERDUTY_KEY: 'R0123456789012345678901234567890',
  SLACK_TOKEN: 'xoxb-1-secret',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/secret',
  TEAMS_WORKFLOW_URL: 'https://prod-1.westeurope.logic.azure.com/workflows/1?sig=secret',
  JSM_KEY: '01234567-89ab-cdef-0123-456789abcdef',
  DISCORD_WEBHOOK_URL: 'https://discord.com/api/webhooks/1/secret',
  HOOK_SECRET: WEBHOOK_SECRET,
}
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)

test('the page names every kind of receiver', () => {
  for (const kind of RECEIVER_TYPES.keys()) expect(page).toMatch(new RegExp(`^\\| \\[.*\`${kind}\``, 'm'))
  expect(examples.length).toBeGreaterThan(10)
})

test.each(examples)('an example is read without a problem: %s', async (text) => {
  const [, name = ''] = /^ {2}(\w+):$/m.exec(text) ?? []
  const file = `version: 1\n${text}routes:\n  - otherwise: true\n    to: [${name}]\n`
  const { problems, config } = await reading(file, { env: ENVIRONMENT })
  expect(problems).toEqual([])
  expect([...(config?.receivers.keys() ?? [])]).toEqual([name])
})
