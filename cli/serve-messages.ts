import { type LogFormat, lineLog, sparingLog } from '../local/log.ts'
import type { Log } from '../shared/pipeline/ports.ts'
import { type StartedServer, serveBanner } from './serve-banner.ts'
import type { Terminal } from './terminal.ts'

/** What `betrace serve` says on standard error, beside signals. */
interface ServeMessages {
  /** Warnings and errors of the runtime, repeated ones sparingly. */
  readonly log: Log
  /** Rules that came into force: a line of counts, then their problems. */
  rules(report: string): void
  started(served: StartedServer): void
  stopped(summary: string): void
}

/** As text for people, or each thing as one line of JSON, so that whoever collects the log can parse all of it. */
export function serveMessages({ stderr }: Terminal, format: LogFormat): ServeMessages {
  const write = (line: string) => void stderr.write(line)
  const log = sparingLog(lineLog({ format, write }))
  if (format === 'text') {
    return {
      log,
      rules: write,
      started: (served) => write(serveBanner(served, stderr)),
      stopped: (summary) => write(`\n${summary}\n`),
    }
  }
  const say = lineLog({ format, write, levels: ['info', 'warn'] })
  return {
    log,
    rules(report) {
      const [counts = '', ...problems] = report.trimEnd().split('\n')
      if (problems.length === 0) say('info', counts)
      else say('warn', counts, { problems: problems.join('\n').trimStart() })
    },
    started: ({ url, rules, data, asksForKey }) =>
      say('info', 'takes spans', { url, rules: rules.join(' '), data, asksForKey }),
    stopped: (summary) => say('info', summary),
  }
}
