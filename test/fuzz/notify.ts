import { readFileSync } from 'node:fs'
import { readNotifyFile } from '../../shared/incidents/notify/read-notify-file.ts'
import { routeOf } from '../../shared/incidents/routing/routes.ts'
import { WEBHOOK_SECRET } from '../incidents/notify/reading.ts'
import { incidentWith } from '../incidents/routing/incident.ts'
import { mutatedText, type TextPool, wordsOf } from './mutate-text.ts'
import { checkProblem } from './rules.ts'
import { bytesOf, type Target, textOf, violate } from './target.ts'

const MOST_LENGTH = 32 * 1024

/** Values that are nowhere in a file, and so nowhere in what is said of it. */
const HIDDEN: Readonly<Record<string, string>> = {
  HOOK_SECRET: WEBHOOK_SECRET,
  PAGERDUTY_KEY: 'HIDDEN78901234567890123456789012',
  SLACK_TOKEN: 'xoxb-hidden-0123456789',
}

/** Files of receivers, routes and mutes. */
export const notify: Target = {
  name: 'notify',
  about: 'notify.yaml: read, its problems rendered, incidents routed',
  async open() {
    const texts = examples()
    const pool: TextPool = { texts, words: wordsOf(texts) }
    return {
      generate: (random) => bytesOf(mutatedText(random, pool, MOST_LENGTH)),
      check: (input) => checkNotify(textOf(input)),
      bounds: { ms: (bytes) => 300 + bytes / 10, allocatedBytes: (bytes) => 64 * 1024 * 1024 + 8_000 * bytes },
    }
  },
}

/** The examples of the pages, as whole files. */
function examples(): readonly string[] {
  return ['docs/reference/notify.md', 'docs/reference/receivers.md', 'README.md'].flatMap((page) => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
    return [...text.matchAll(/```yaml\n((?:version: 1\n)?(receivers|links):.*?)```/gs)].map(([, yaml = '']) =>
      yaml.startsWith('version') ? yaml : `version: 1\n${yaml}`,
    )
  })
}

async function checkNotify(text: string): Promise<void> {
  const references = { env: (name: string) => HIDDEN[name], file: async () => HIDDEN.SLACK_TOKEN ?? '' }
  const reading = await readNotifyFile(text, { references, clock: () => 1_764_000_000_000 })
  const { config, problems, warnings, text: shown } = reading
  if ((config === undefined) !== problems.length > 0)
    violate('the file has neither a configuration nor problems, or both')
  for (const problem of [...problems, ...warnings]) {
    checkProblem({ ...problem, file: 'notify.yaml' }, shown)
    const said = `${problem.message} ${problem.hint}`
    for (const hidden of Object.values(HIDDEN))
      if (said.includes(hidden)) violate(`${problem.code} says a hidden value`)
  }
  if (config === undefined) return
  for (const incident of [incidentWith(), incidentWith({ severity: 'low', owner: 'payments', tags: ['money'] })]) {
    for (const { receiver } of routeOf(config, incident)) {
      if (!config.receivers.has(receiver)) violate(`an incident is routed to ${receiver}, which does not exist`)
    }
  }
}
