import { type Command, Option } from 'commander'
import { httpSend } from '../../shared/incidents/http-send.ts'
import type { Notice } from '../../shared/incidents/notice.ts'
import { maskOf } from '../../shared/incidents/notify/mask.ts'
import type {
  Answer,
  DeliveryRef,
  OutgoingRequest,
  Receiver,
  RequestEnd,
  Send,
} from '../../shared/incidents/receivers/receiver.ts'
import type { Severity } from '../../shared/rules/ast.ts'
import { SEVERITIES } from '../../shared/rules/read/header.ts'
import { NO_MORE } from '../../shared/rules/read/listing.ts'
import { nearest } from '../../shared/rules/read/suggest.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { writeProblems } from '../load-rules.ts'
import { sendFromHere } from '../stack/notify-stack.ts'
import { type ExitCode, paint, type Terminal, write } from '../terminal.ts'
import { notifyOption, placedProblems, type ReadNotify, readChosen } from './read-file.ts'
import { testNotices } from './test-notice.ts'

interface TestOptions {
  readonly notify: string
  readonly stack?: string
  readonly severity: Severity
  readonly dryRun?: true
}

/** As long as deliveries of a server wait. */
const TIMEOUT_MS = 15_000

/** `betrace notify test`: sends a test to a receiver, and shows what was sent and answered. */
export function notifyTestCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('test', terminal)
    .summary('send one marked opening and its end to a receiver')
    .description(
      'Sends one incident that says it is a test to a receiver, then its end, and shows each request and answer. Values ' +
        'that the file refers to are hidden.',
    )
    .argument('<receiver>', 'its name in the file')
    .addOption(notifyOption())
    .addOption(new Option('--severity <severity>', 'how severe it says to be').choices(SEVERITIES).default('info'))
    .option('-s, --stack <name>', 'the file in force at this deployed stack, with its values; sent from this machine')
    .option('--dry-run', 'show the requests and send nothing')
    .action(async (name: string, options: TestOptions) => {
      finish(await test(name, options, terminal))
    })
  withExamples(command, terminal, [
    ['see whether messages arrive', 'betrace notify test payments'],
    ['see whether it wakes somebody', 'betrace notify test oncall --severity critical'],
    ['the receiver of a deployed stack', 'betrace notify test oncall --stack betrace-main'],
    ['look at the requests', 'betrace notify test payments --dry-run'],
  ])
  return command.addHelpText(
    'after',
    '\nSome receivers take a message and show it later, or not at all: look there, too.\nExit code: 0 the receiver took both, 1 it did not, 2 nothing could be sent.',
  )
}

async function test(name: string, options: TestOptions, terminal: Terminal): Promise<ExitCode> {
  const { severity, dryRun, stack } = options
  const read = await readChosen(options, true)
  const receiver = await requireReceiver(name, read, terminal)
  const screen: Shown = { terminal, mask: maskOf(read.secrets) }
  const http = httpSend({ fetch: globalThis.fetch, timeoutMs: TIMEOUT_MS })
  const sending = dryRun === true ? async () => TAKEN : stack === undefined ? http : await sendFromHere(http)
  const send = shownSend(screen, sending, dryRun === true)
  const [opened, resolved] = testNotices(severity, Date.now())
  const opening = await tell(receiver, opened, undefined, send, screen)
  if (dryRun === true) {
    await tell(receiver, resolved, opening.outcome === 'taken' ? opening.ref : undefined, send, screen)
    await write(terminal.stdout, 'nothing was sent: this was a dry run\n')
    return 0
  }
  await sayAnswer(screen, name, 'the opening', opening)
  // An opening that was not answered may be open there.
  if (opening.outcome === 'refused' || (opening.outcome === 'failed' && !opening.unsure)) return 1
  const end = await tell(receiver, resolved, opening.outcome === 'taken' ? opening.ref : undefined, send, screen)
  await sayAnswer(screen, name, 'the end', end)
  return opening.outcome === 'taken' && end.outcome === 'taken' ? 0 : 1
}

/** The receiver, whose own settings must be right; other problems of the file are shown and do not matter to it. */
async function requireReceiver(name: string, read: ReadNotify, terminal: Terminal): Promise<Receiver> {
  const { file, text, parts } = read
  if (read.problems.length > 0) {
    await writeProblems({ items: placedProblems(read), more: NO_MORE }, [{ file, text }], terminal.stderr)
  }
  const receiver = parts?.receivers.get(name)
  if (receiver !== undefined) return receiver
  const names = parts?.receiverNames ?? []
  if (names.includes(name)) throw new CommandError(`${name} cannot be used`, 'correct its settings, shown above')
  const meant = nearest(name, names)
  const hint = meant === undefined ? `the receivers are ${names.join(', ')}` : `did you mean ${meant}?`
  throw new CommandError(`${file} has no receiver named ${name}`, names.length === 0 ? 'correct the file' : hint)
}

interface Shown {
  readonly terminal: Terminal
  readonly mask: (text: string) => string
}

/** What every receiver takes for yes, so that a dry run goes through to the end. */
const TAKEN: RequestEnd = { status: 200, body: '{"ok":true,"ts":"0.0","channel":"C0","id":"0"}' }

function tell(
  receiver: Receiver,
  notice: Notice,
  ref: DeliveryRef | undefined,
  send: Send,
  { terminal }: Shown,
): Promise<Answer> {
  const what = notice.change === 'opened' ? 'opening' : 'end'
  terminal.stdout.write(`${paint(terminal.stdout, 'bold', what)}\n`)
  return receiver.tell(notice, ref, send)
}

/** Shows each request before it is sent, and then how it ended. */
function shownSend({ terminal, mask }: Shown, send: Send, isDry: boolean): Send {
  const shown = (text: string) =>
    terminal.stdout.write(
      `${linesOf(mask(text))
        .map((line) => `  ${line}\n`)
        .join('')}`,
    )
  return async (request) => {
    shown(requestText(request))
    const end = await send(request)
    if (!isDry) shown('status' in end ? `answered ${end.status}\n${end.body}` : `no answer: ${end.failure}`)
    return end
  }
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map(visible)
}

/** Headers whose values are keys, wherever they come from. */
const SECRET_HEADER = /authorization|token|key|secret|signature|cookie/i

function requestText(request: OutgoingRequest): string {
  switch (request.kind) {
    case 'http': {
      const headers = Object.entries(request.headers).map(([name, value]) => {
        return `${name}: ${SECRET_HEADER.test(name) ? '****' : value}`
      })
      return [`${request.method} ${request.url}`, ...headers, bodyText(request.body)].join('\n')
    }
    case 'sns': {
      const { topicArn, subject, message, attributes } = request
      const about = [`subject: ${subject ?? ''}`, `attributes: ${JSON.stringify(attributes)}`]
      return [`publish to ${topicArn}`, ...about, bodyText(message)].join('\n')
    }
    case 'eventbridge':
      return [`put ${request.detailType} to ${request.busName}`, bodyText(request.detail)].join('\n')
  }
}

/** JSON on lines of its own, anything else as it is. */
function bodyText(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2)
  } catch {
    return body
  }
}

async function sayAnswer(
  { terminal: { stdout }, mask }: Shown,
  name: string,
  what: string,
  answer: Answer,
): Promise<void> {
  if (answer.outcome === 'taken') return write(stdout, `${paint(stdout, 'green', '✓')} ${name} took ${what}\n`)
  const reason = visible(mask(answer.reason))
  const mark = paint(stdout, 'red', '✗')
  if (answer.outcome === 'refused') return write(stdout, `${mark} ${name} refused ${what}: ${reason}\n`)
  const unsure = answer.unsure ? ', and may have it all the same' : ''
  await write(stdout, `${mark} ${name} did not take ${what}${unsure}: ${reason}\n`)
}
