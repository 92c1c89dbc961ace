import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of files by name, for a command; `remove` takes it away. */
export function filesOf(texts: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-notify-'))
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
  return { at: (name: string) => join(folder, name), remove: () => rmSync(folder, { recursive: true }) }
}

export const RULES = `// Signal: PAYMENT_FAILED (critical)
// Owner: payments
trace.has(payment.failed)

// Signal: SLOW_SEARCH (low)
trace.has(search.slow)

// Signal: TRIED_OUT (low)
// Mode: shadow
trace.has(tried.out)
`

export const NOTIFY = `version: 1
receivers:
  oncall:
    type: webhook
    url: https://oncall.example
  team:
    type: webhook
    url: \${TEAM_URL}
routes:
  - { when: "severity == critical", to: oncall }
  - { when: "service starts with \\"check\\"", to: team }
mutes:
  - { when: "rule == SLOW_SEARCH and group == eu", until: 2099-01-01T00:00:00Z, why: "INC-42", by: ana }
`.replace('2099-01-01', new Date(Date.now() + 86_400_000).toISOString().slice(0, 10))
