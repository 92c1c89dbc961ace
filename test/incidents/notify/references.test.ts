import { describe, expect, test } from 'vitest'
import { readNotifyFile } from '../../../shared/incidents/notify/read-notify-file.ts'
import type { OutgoingRequest } from '../../../shared/incidents/receivers/receiver.ts'
import { noticeOf } from '../notices.ts'
import { HOOK, NOW_MS, problemsOf, reading, WEBHOOK_SECRET, whole } from './reading.ts'

describe('values that are not in the file', () => {
  const env = { HOOK_URL: 'https://hook.example/in', NEW: WEBHOOK_SECRET }

  test('come from the environment, from files and from secrets, whole or as a part of a text', async () => {
    const text = `version: 1
receivers:
  hook:
    type: webhook
    url: \${HOOK_URL}/\${secret:betrace/paths/hook}
    secrets: ["\${NEW}", "\${file:/run/old}"]
    headers: { authorization: "Bearer \${secret:token}", x-note: "costs $\${5}" }
`
    const outside = {
      env,
      files: { '/run/old': `${WEBHOOK_SECRET}\n` },
      secrets: { 'betrace/paths#hook': 'abc', token: 't' },
    }
    const { config, problems } = await reading(text, outside)
    expect(problems).toEqual([])
    const sent: OutgoingRequest[] = []
    await config?.receivers.get('hook')?.tell(noticeOf(), undefined, async (request) => {
      sent.push(request)
      return { status: 200, body: '' }
    })
    expect(sent).toMatchObject([
      { url: 'https://hook.example/in/abc', headers: { authorization: 'Bearer t', 'x-note': `costs \${5}` } },
    ])
  })

  test('are problems where they are missing, empty or elsewhere', async () => {
    const text = `version: 1
receivers:
  hook:
    type: webhook
    url: \${NOPE}
    secrets: ["\${EMPTY}", "\${file:/run/x}", "\${secret:a/b}", "\${no good}"]
routes:
  - { when: "owner == \\"\${OWNER}\\"", to: hook }
`
    const { problems } = await reading(text, { env: { EMPTY: ' ' } })
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'unset-reference: the variable NOPE is not set',
      'unset-reference: the variable EMPTY is empty',
      'unset-reference: the file /run/x cannot be read: it does not exist',
      'unset-reference: the secret a, field b, cannot be read: secrets of AWS are read on AWS alone',
      'malformed-reference: this is not a reference',
      'malformed-reference: references are read in receivers alone',
    ])
  })

  test('may be left alone, which still finds what is wrong with the rest', async () => {
    const text = whole(
      'routes:\n  - { otherwise: true, to: hok }\n',
      `${HOOK}  chat:\n    type: webhook\n    url: \${U}\n`,
    )
    const { config, parts, problems } = await readNotifyFile(text, { references: undefined, clock: () => NOW_MS })
    expect(config).toBeUndefined()
    expect(parts?.receiverNames).toEqual(['hook', 'chat'])
    expect([...(parts?.receivers.keys() ?? [])]).toEqual(['hook'])
    expect(problems.map(({ hint }) => hint)).toEqual(['did you mean hook?'])
  })

  test('add no structure, whatever they are', async () => {
    const text = whole('', `receivers:\n  hook:\n    type: webhook\n    url: \${URL}\n    headers: { x-a: "\${V}" }\n`)
    const V = `" }, evil: { type: webhook } # \${URL}`
    const { config, problems } = await reading(text, { env: { URL: 'https://a.example', V } })
    expect(problems).toEqual([])
    expect([...(config?.receivers.keys() ?? [])]).toEqual(['hook'])
  })

  test('need quotes between braces, which is said once for each', async () => {
    const text = `version: 1\nreceivers:\n  hook: { type: webhook, url: \${URL}, secrets: [\${A}] }\n`
    expect(await problemsOf(text)).toEqual([
      `3:31 malformed-yaml: put quotes around the whole value, as in "\${URL}"`,
      `3:49 malformed-yaml: put quotes around the whole value, as in "\${A}"`,
    ])
  })
})

describe('a secret written into the file', () => {
  test.each([
    ['xoxb-1234567890-abcdef', 'x'],
    ['https://hooks.slack.com/services/T000/B000/XXXX', 'x'],
    ['https://discord.com/api/webhooks/123/abcdef', 'x'],
    ['https://prod-1.logic.azure.com/workflows/x?sp=1&sig=abcdef', 'x'],
    [WEBHOOK_SECRET, 'x'],
    ['GenieKey 0123-4567', 'x'],
    ['https://ana:hunter22@a.example', 'x'],
  ])('is refused wherever it is, and no line shows it: %s', async (secret) => {
    const { problems, text } = await reading(whole(`# an old one: ${secret}\n`))
    expect(problems.map(({ code }) => code)).toEqual(['written-secret'])
    expect(text).not.toContain(secret)
    expect(text).toHaveLength(whole(`# an old one: ${secret}\n`).length)
  })

  test('is refused by the setting it is in, however it looks', async () => {
    const text = whole(
      '',
      'receivers:\n  hook:\n    type: webhook\n    url: https://a.example\n    secrets: [sesame]\n    headers: { authorization: sesame, x-team: payments }\n',
    )
    const { problems, text: shown } = await reading(text)
    expect(problems.map(({ code, range: { start } }) => `${start.line}:${start.column} ${code}`)).toContain(
      '6:15 written-secret',
    )
    expect(problems.map(({ code, range: { start } }) => `${start.line}:${start.column} ${code}`)).toContain(
      '7:31 written-secret',
    )
    expect(shown).not.toContain('sesame')
    expect(shown).toContain('payments')
  })
})
