import { type Command, Option } from 'commander'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { type Terminal, write } from '../terminal.ts'
import { generatedKey } from './keys.ts'
import { AWS_HELP, outputsOf, type StackChoice, stackOption } from './stack-option.ts'

type Client = 'sdk' | 'collector'

interface ConnectOptions extends StackChoice {
  readonly for?: Client
  readonly showKey?: boolean
}

/** `betrace connect`: what a client needs to send spans to a deployed stack. */
export function connectCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('connect', terminal)
    .summary('print what clients need to send spans to a deployed stack')
    .description(
      'Prints the environment variables for OpenTelemetry SDKs and the exporter block for a Collector. The key is ' +
        'left out, and a command that reads it is shown in its place, unless --show-key is given.',
    )
    .addOption(stackOption())
    .addOption(new Option('--for <client>', 'only what this client needs').choices(['sdk', 'collector']))
    .addOption(new Option('--show-key', 'print the key generated at deploy in plain text'))
    .action(async (options: ConnectOptions) => {
      const { ingestUrl, keySecret } = await outputsOf(options)
      const key = options.showKey === true ? await generatedKey(keySecret) : undefined
      await write(terminal.stdout, connection(visible(ingestUrl), options, key))
      finish(0)
    })
  withExamples(command, terminal, [
    ['both, without the key', 'betrace connect --stack betrace-main'],
    ['set the variables in this shell', 'eval "$(betrace connect --for sdk)"'],
  ])
  return command.addHelpText('after', `${AWS_HELP}\nExit code: 0 printed, 2 the stack or its key could not be read.`)
}

function connection(ingestUrl: string, options: ConnectOptions, key: string | undefined): string {
  const sdk = sdkVariables(ingestUrl, options.stack, key)
  const collector = collectorBlock(ingestUrl)
  if (options.for === 'sdk') return sdk
  if (options.for === 'collector') return collector
  return `# OpenTelemetry SDKs, in the shell or the container:\n${sdk}\n# OpenTelemetry Collector, with BETRACE_API_KEY in its environment:\n${collector}`
}

/**
 * The variables of the OTLP exporter specification. The one for traces is used as it is; to the general one SDKs add
 * /v1/traces, but send metrics and logs there too, which this stack does not take.
 */
function sdkVariables(ingestUrl: string, stack: string, key: string | undefined): string {
  const value = key === undefined ? `$(betrace keys show --stack ${visible(stack)})` : visible(key)
  return `export BETRACE_API_KEY="${value}"
export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="${ingestUrl}/v1/traces"
export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf"
export OTEL_EXPORTER_OTLP_TRACES_COMPRESSION="gzip"
export OTEL_EXPORTER_OTLP_TRACES_HEADERS="x-api-key=$BETRACE_API_KEY"
# where traces are all that is exported, these two do as well (SDKs add /v1/traces to the endpoint):
#   OTEL_EXPORTER_OTLP_ENDPOINT="${ingestUrl}"
#   OTEL_EXPORTER_OTLP_HEADERS="x-api-key=$BETRACE_API_KEY"
`
}

/** Requests of 100 spans and more keep the bill low; the queue bridges what retrying does. */
function collectorBlock(ingestUrl: string): string {
  return `processors:
  groupbytrace: # of the contrib distribution: whole traces in one request halve the bill
    wait_duration: 5s
    num_traces: 100000
  batch/betrace:
    send_batch_size: 512
    send_batch_max_size: 2048
    timeout: 5s
exporters:
  otlp_http/betrace: # in a Collector before 0.144.0: otlphttp/betrace
    traces_endpoint: ${ingestUrl}/v1/traces
    encoding: proto
    compression: gzip
    timeout: 30s
    headers:
      x-api-key: \${env:BETRACE_API_KEY}
    retry_on_failure:
      enabled: true
      initial_interval: 1s
      max_interval: 30s
      max_elapsed_time: 15m
    sending_queue:
      enabled: true
      num_consumers: 4
      queue_size: 1000
service:
  pipelines:
    traces/betrace:
      receivers: [otlp]
      processors: [groupbytrace, batch/betrace]
      exporters: [otlp_http/betrace]
`
}
