import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { visible } from '../shared/text/visible.ts'
import { packageVersion } from './package-root.ts'
import { paint, type Screen } from './terminal.ts'

/** A server that runs, for whoever started it. */
export interface StartedServer {
  /** `http://address:port` that the server listens on. */
  readonly url: string
  readonly rules: readonly string[]
  readonly data: string
  /** The file of receivers of incidents. */
  readonly notify?: string
  /** Requests must bring a key. */
  readonly asksForKey: boolean
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** What `betrace serve` says once it takes spans: where to send them, and what an SDK needs for it. */
export function serveBanner(
  served: StartedServer,
  screen: Screen,
  interfaces: Interfaces = networkInterfaces(),
): string {
  const { rules, data, asksForKey } = served
  const address = new URL(served.url)
  const url = reachable(address)
  const lines = [
    paint(screen, 'bold', `betrace ${packageVersion()}`),
    `  spans    ${paint(screen, 'cyan', `${url}/v1/traces`)} (OTLP/HTTP, protobuf or JSON)`,
    ...otherMachines(address, interfaces),
    `  rules    ${visible(rules.join(', '))} (a change takes effect within seconds)`,
    `  data     ${visible(data)}`,
    ...(served.notify === undefined
      ? []
      : [
          `  notify   ${visible(served.notify)} (betrace notify check ${visible(served.notify)} lists who is notified of what)`,
        ]),
    `  metrics  ${url}/metrics`,
    ...(isLocal(address) || asksForKey
      ? []
      : [`  ${paint(screen, 'yellow', 'anyone who reaches this port can send spans: it asks for no key')}`]),
    '',
    'To send spans from any OpenTelemetry SDK:',
    `  export OTEL_EXPORTER_OTLP_ENDPOINT=${url} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
    ...(asksForKey ? ['  export OTEL_EXPORTER_OTLP_HEADERS=x-api-key=KEY   # KEY: one that --api-key names'] : []),
    '  export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none',
    '',
    'Signals appear below as rules break. Ctrl-C stops.',
  ]
  return `${lines.join('\n')}\n\n`
}

const EVERY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }

/** Where this machine reaches the server. `0.0.0.0` and `::` mean every address of it, and a client cannot name them. */
function reachable(address: URL): string {
  return originAt(address, EVERY_ADDRESS[address.hostname] ?? address.hostname)
}

function originAt(address: URL, hostname: string): string {
  const other = new URL(address)
  other.hostname = hostname
  return other.origin
}

/** Where others reach a server that listens on every address; nothing without a network. */
function otherMachines(address: URL, interfaces: Interfaces): readonly string[] {
  if (EVERY_ADDRESS[address.hostname] === undefined) return []
  const outer = Object.values(interfaces).flatMap((each) => (each ?? []).filter(({ internal }) => !internal))
  const first = outer.find(({ family }) => family === 'IPv4')
  return first === undefined ? [] : [`           ${originAt(address, first.address)}/v1/traces from other machines`]
}

function isLocal({ hostname }: URL): boolean {
  return hostname === '[::1]' || hostname.startsWith('127.')
}
