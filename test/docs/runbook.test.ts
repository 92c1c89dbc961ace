import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RUNBOOK } from '../../local/server/runbook.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runbook = readFileSync(`${root}docs/runbook.md`, 'utf8')

const anchors = new Set(
  [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  ),
)

test('every message that points to the runbook has its heading there', () => {
  const pointers = Object.values(RUNBOOK).map((link) => link.split('#')[1])
  expect(pointers.filter((anchor) => anchor === undefined || !anchors.has(anchor))).toEqual([])
})

test('every heading of one server has messages that point to it', () => {
  const [, ofOneServer = ''] = runbook.split('\n# One server\n')
  const titles = [...ofOneServer.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  )
  expect(titles.map((title) => `docs/runbook.md#${title}`).sort()).toEqual(Object.values(RUNBOOK).sort())
})

/** What the runbook quotes as a message of ours, up to what differs each time. */
const QUOTED = [
  'a request could not be served from storage',
  'traces are kept in the database until the archive takes',
  'journals wait to become Parquet files',
  'signals wait to be written',
  'cannot be used: ',
  'is damaged at frame ',
  'SQLite would forget what follows',
  'is empty, though a server has used it',
  'lacks tables: its schema is damaged',
  'is a database of another program',
  'was cut short',
  'spans are refused until room is made',
  'the database is full, and makes room',
  'spans are refused until the database has room',
  'the database is nearly full; what is missed least is removed before its time',
  ' bytes, its bound',
  'spans of judged traces',
  'spans that wait to be judged',
  'markers of judged traces',
  'signals that webhooks have not taken',
  'traces that the archive has not taken',
  'or was cut off',
  'is older than its log ',
  'is gone, and its log ',
  'promised writes are missing from the database',
  ' promised writes are missing, with ',
  'the mark of what was promised is gone; whether spans are missing is not known',
  'the mark of what was promised cannot be written',
  'the rules that were in force before cannot be read',
  'a stored chunk cannot be unpacked',
  'is not found',
  'cannot look for due traces: ',
  'a journal is damaged; what can be read of it is archived, the rest is put aside',
  'damaged journals were put',
  'a journal could not be archived; it is kept and tried again',
  'the end of a journal was cut off by a crash, before it was acknowledged',
  'the system lets this process open ',
  'signals are set aside, and sent again at the next start',
  'webhook delivery failed; set aside until the next start',
  'the clock was put back',
  'the clock went forward, or the machine slept',
  'nothing is removed for its age and no experiment is closed for',
]

test('the messages it quotes are those that are written', () => {
  const sources = globSync('{local,shared}/**/*.ts', { cwd: root }).map((file) =>
    readFileSync(`${root}${file}`, 'utf8'),
  )
  const code = sources.join('\n')
  const text = runbook.replaceAll(/\s+/g, ' ')
  expect(QUOTED.filter((message) => !code.includes(message))).toEqual([])
  expect(QUOTED.filter((message) => !text.includes(message.trim()))).toEqual([])
})
