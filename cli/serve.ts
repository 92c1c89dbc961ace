import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { LOG_FORMATS, type LogFormat } from '../local/log.ts'
import type { Runtime } from '../local/runtime.ts'
import { InputError } from '../shared/errors.ts'
import { limitsAmong, REQUEST_LIMITS } from '../shared/otlp/limits.ts'
import { SENDER_LIMITS } from '../shared/pipeline/settings.ts'
import { counted } from '../shared/text/numbers.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import {
  parseBytes,
  parseCount,
  parseDurationMs,
  parseKeyPatterns,
  parsePort,
  parseUrl,
  parseWebhookSecrets,
  repeatable,
  unshown,
} from './option-values.ts'
import { serveMessages } from './serve-messages.ts'
import type { ExitCode, Terminal } from './terminal.ts'
import { wrapping } from './wrap.ts'

interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly rules: readonly string[]
  readonly data: string
  readonly quietPeriod: number
  readonly incompleteWait: number
  readonly maxDatabase: number
  readonly keepSignals: number
  readonly webhook?: readonly string[]
  readonly webhookHeader?: readonly (readonly [string, string])[]
  readonly webhookSecret?: readonly (readonly string[])[]
  readonly notify?: string
  readonly incidentQuiet: number
  readonly incidentCooldown: number
  readonly jsonl?: string
  readonly cors?: readonly string[]
  readonly redact?: readonly (readonly string[])[]
  readonly maxConnections: number
  readonly maxConnectionsPerAddress?: number
  readonly apiKey?: readonly (readonly string[])[]
  readonly logFormat: LogFormat
  readonly runbookBase?: string
  readonly maxBodyBytes: number
  readonly maxRequestValues: number
  readonly maxRequestSpans: number
  readonly maxRequestEvents: number
  readonly maxRequestTraces: number
  readonly maxSplitBytes: number
  readonly maxWaitingPerSender: number
  readonly maxBehind: number
}

const CLOSE_MS = 400

/** `betrace serve`: the whole pipeline in one process. */
export function serveCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('serve', terminal)
    .summary('receive spans and signal broken rules')
    .description('Receives OTLP over HTTP, judges each trace when it is quiet, and signals where a rule breaks.')
  for (const option of serveOptions()) command.addOption(option)
  command.action(async (options: ServeOptions) => {
    finish(await serve(options, terminal))
  })
  withExamples(command, terminal, [
    ['receive on localhost:4318, judge by ./rules', 'betrace serve'],
    [
      'send each signal on, and keep a log of them',
      'betrace serve --webhook https://example.com/hook --jsonl signals.jsonl',
    ],
    ['notify the people on duty of incidents', 'betrace serve --notify notify.yaml'],
    ['pipe signals into another program', "betrace serve --jsonl - | jq '.data.signal'"],
  ])
  return command.addHelpText(
    'after',
    '\nExit code: 0 stopped by Ctrl-C or SIGTERM, 2 it could not start, 130 or 143 stopped before it had started.',
  )
}

function serveOptions(): readonly Option[] {
  const rules = new Option('-r, --rules <path...>', 'rule files, or folders of them; watched for changes')
  return [
    new Option('-p, --port <port>', 'port of OTLP/HTTP').env('BETRACE_PORT').argParser(parsePort).default(4318),
    new Option('--host <address>', 'address to listen on').env('BETRACE_HOST').default('127.0.0.1'),
    rules.env('BETRACE_RULES').default(['rules'], 'rules'),
    new Option('-d, --data <folder>', 'where everything is kept').env('BETRACE_DATA').default('.betrace'),
    new Option('-q, --quiet-period <duration>', 'a trace is judged when no span came for this long')
      .env('BETRACE_QUIET_PERIOD')
      .argParser(parseDurationMs)
      .default(5000, '5s'),
    new Option('--incomplete-wait <duration>', 'the same for a trace that lacks its root or a parent')
      .env('BETRACE_INCOMPLETE_WAIT')
      .argParser(parseDurationMs)
      .default(15_000, '15s'),
    new Option('--max-database <size>', 'the database may grow so large')
      .env('BETRACE_MAX_DATABASE')
      .argParser(parseBytes)
      .default(16 * 1024 ** 3, '16GiB'),
    new Option('--keep-signals <duration>', 'signals older than this are removed from the database')
      .env('BETRACE_KEEP_SIGNALS')
      .argParser(parseDurationMs)
      .default(90 * 86_400_000, '90d'),
    new Option('--redact <keys>', 'keep no example values of these attributes, such as user.*; may be repeated')
      .env('BETRACE_REDACT')
      .argParser(repeatable(parseKeyPatterns)),
    new Option('--notify <file>', 'the file of receivers of incidents, such as notify.yaml; watched for changes').env(
      'BETRACE_NOTIFY',
    ),
    new Option(
      '--incident-quiet <duration>',
      'an incident ends when its rule was not broken for this long, and held since',
    )
      .env('BETRACE_INCIDENT_QUIET')
      .argParser(parseDurationMs)
      .default(1_800_000, '30m'),
    new Option('--incident-cooldown <duration>', 'a rule broken again so soon after the end opens the same incident')
      .env('BETRACE_INCIDENT_COOLDOWN')
      .argParser(parseDurationMs)
      .default(7_200_000, '2h'),
    new Option('--webhook <url>', 'POST each signal and incident there as a CloudEvent; may be repeated')
      .env('BETRACE_WEBHOOK')
      .argParser(repeatable(unshown('--webhook', parseUrl))),
    new Option('--webhook-header <header>', '"name: value" for every webhook; may be repeated')
      .env('BETRACE_WEBHOOK_HEADER')
      .argParser(repeatable(unshown('--webhook-header', parseHeader))),
    new Option('--webhook-secret <secret>', 'sign requests to webhooks by it (Standard Webhooks); may be repeated')
      .env('BETRACE_WEBHOOK_SECRET')
      .argParser(repeatable(unshown('--webhook-secret', parseWebhookSecrets))),
    new Option('--jsonl <file>', 'append each signal there as a line of JSON; - is standard output').env(
      'BETRACE_JSONL',
    ),
    new Option('--cors <origin>', 'let pages of this origin send spans (* for all); may be repeated')
      .env('BETRACE_CORS')
      .argParser(repeatable((text) => text)),
    new Option('--max-connections <count>', 'connections at one time; the longest idle makes room for a new one')
      .env('BETRACE_MAX_CONNECTIONS')
      .argParser(parseCount)
      .default(10_000),
    new Option(
      '--max-connections-per-address <count>',
      'the same of one address; unless given 2000, and no own limit for this machine',
    )
      .env('BETRACE_MAX_CONNECTIONS_PER_ADDRESS')
      .argParser(parseCount),
    new Option('--api-key <key>', 'take only requests that bring it as x-api-key or bearer; may be repeated')
      .env('BETRACE_API_KEY')
      .argParser(repeatable(unshown('--api-key', parseKeys))),
    new Option('--log-format <format>', 'how to write the log, on standard error')
      .env('BETRACE_LOG_FORMAT')
      .choices([...LOG_FORMATS])
      .default('text'),
    new Option('--runbook-base <url>', 'where signals link to runbooks that rules name by a path, as shipped rules do')
      .env('BETRACE_RUNBOOK_BASE')
      .argParser(parseUrl),
    limit('--max-body-bytes', 'bytes of a request, as sent and again decompressed', REQUEST_LIMITS.maxBodyBytes),
    limit('--max-request-values', 'values of a request', REQUEST_LIMITS.maxRequestValues),
    limit('--max-request-spans', 'spans of a request', REQUEST_LIMITS.maxRequestSpans),
    limit('--max-request-events', 'events and links of a request', REQUEST_LIMITS.maxRequestEvents),
    limit('--max-request-traces', 'traces of a request', REQUEST_LIMITS.maxRequestTraces),
    limit('--max-split-bytes', 'bytes of its traces, each with its own resources', REQUEST_LIMITS.maxSplitBytes),
    limit('--max-waiting-per-sender', 'traces of a sender that wait to be judged', SENDER_LIMITS.maxWaitingPerSender),
    new Option('--max-behind <duration>', 'a sender whose traces are judged later than this is refused')
      .env('BETRACE_MAX_BEHIND')
      .argParser(parseDurationMs)
      .default(SENDER_LIMITS.maxBehindMs, '30s'),
  ]
}

function limit(name: string, about: string, unlessTold: number): Option {
  const variable = `BETRACE${name.slice(1).replaceAll('-', '_').toUpperCase()}`
  return new Option(`${name} <count>`, about).env(variable).argParser(parseCount).default(unlessTold)
}

/** One key, or several with spaces between: the environment has one place for all of them, and they are rotated by two. */
function parseKeys(text: string): readonly string[] {
  const keys = text.trim().split(/\s+/)
  if (keys.every((key) => /^[\x21-\x7e]{16,200}$/.test(key))) return keys
  throw new InvalidArgumentError('Write keys of 16 to 200 characters, none beyond ASCII.')
}

function parseHeader(text: string): readonly [string, string] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\t\x20-\x7e\x80-\xff]+)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write a header as "name: value".')
  return [name, value]
}

async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitCode> {
  const { startRuntime } = await import('../local/runtime.ts')
  const stop = terminal.interrupted()
  const jsonLines = options.jsonl === '-' ? terminal.stdout : undefined
  const jsonLinesFile = options.jsonl === '-' ? undefined : options.jsonl
  if (jsonLinesFile !== undefined) await requireWritable(jsonLinesFile)
  // Standard output belongs to whoever reads the JSON.
  const screen = jsonLines === terminal.stdout ? terminal.stderr : terminal.stdout
  const messages = serveMessages(terminal, options.logFormat)
  // Standard error holds nothing but JSON where that was asked for; the signals are on standard output then.
  const isShown = options.logFormat === 'text' || screen === terminal.stdout
  const starting = startRuntime({
    dataFolder: options.data,
    rulePaths: options.rules,
    settings: {
      host: options.host,
      port: options.port,
      quietPeriodMs: options.quietPeriod,
      incompleteWaitMs: Math.max(options.quietPeriod, options.incompleteWait),
      maxConnections: options.maxConnections,
      ...(options.maxConnectionsPerAddress === undefined
        ? {}
        : { maxConnectionsPerAddress: options.maxConnectionsPerAddress }),
      incidentQuietMs: options.incidentQuiet,
      incidentCooldownMs: Math.max(options.incidentQuiet, options.incidentCooldown),
      maxDatabaseBytes: options.maxDatabase,
      signalRetentionMs: options.keepSignals,
      corsOrigins: [...(options.cors ?? [])],
      redact: (options.redact ?? []).flat(),
      apiKeys: (options.apiKey ?? []).flat(),
      ...(options.runbookBase === undefined ? {} : { runbookBase: options.runbookBase }),
      ...limitsAmong(options),
      maxWaitingPerSender: options.maxWaitingPerSender,
      maxBehindMs: options.maxBehind,
      webhooks: (options.webhook ?? []).map((url) => ({
        url,
        headers: Object.fromEntries(options.webhookHeader ?? []),
        secrets: (options.webhookSecret ?? []).flat(),
      })),
    },
    ...(isShown ? { screen: wrapping(screen) } : {}),
    ...(jsonLines === undefined ? {} : { jsonLines }),
    ...(jsonLinesFile === undefined ? {} : { jsonLinesFile }),
    ...(options.notify === undefined ? {} : { notifyFile: options.notify }),
    log: messages.log,
    onRules: (report) => messages.rules(report),
    ...(terminal.blocking === undefined ? {} : { blocking: terminal.blocking }),
  })
  const runtime = await Promise.race([starting, stopped(stop)])
  if (runtime === undefined) {
    starting.then((late) => late.close()).catch(() => {})
    messages.stopped('stopped before it had started')
    return 130
  }
  const { rules, data, apiKey, notify } = options
  const receivers = notify === undefined ? {} : { notify }
  messages.started({ url: runtime.url, rules, data, asksForKey: apiKey !== undefined, ...receivers })
  await stopped(stop)
  const { spansReceived, tracesJudged, signals } = runtime.stats()
  const rest = (await closesInTime(runtime)) ? '' : '; what was in hand goes on at the next start'
  const done = [
    counted(spansReceived, 'span'),
    `${counted(tracesJudged, 'verdict')} on traces`,
    counted(signals, 'signal'),
  ]
  messages.stopped(`stopped after ${done.join(', ')}${rest}`)
  return 0
}

async function stopped(stop: AbortSignal): Promise<undefined> {
  if (!stop.aborted) await once(stop, 'abort')
}

/** Whoever stops a server expects its end within a second. What is not done by then was acknowledged, so it is kept. */
async function closesInTime(runtime: Runtime): Promise<boolean> {
  const closing = runtime.close().then(() => true)
  const inTime = await Promise.race([closing, sleep(CLOSE_MS, false, { ref: false })])
  closing.catch(() => {})
  return inTime
}

async function requireWritable(file: string): Promise<void> {
  const { openJsonLines } = await import('../local/sinks/json-lines-file.ts')
  try {
    await (await openJsonLines(file)).close()
  } catch (error) {
    const hint =
      error instanceof InputError ? 'name a file, or - for standard output' : 'name a file this user may write'
    throw new CommandError(`cannot write signals to ${file}: ${(error as Error).message}`, hint)
  }
}
