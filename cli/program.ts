import { type Command, CommanderError } from 'commander'
import { InputError } from '../shared/errors.ts'
import { StorageError } from '../shared/pipeline/storage-error.ts'
import { visible, visibleLines } from '../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { packageVersion } from './package-root.ts'
import { type ExitCode, guarded, paint, type Screen, type Terminal } from './terminal.ts'

/**
 * Runs one command line (without `node` and the script) and returns its exit code. Whatever the person can put right
 * is one line on stderr; only a defect of ours shows its stack.
 */
export async function run(args: readonly string[], unguarded: Terminal): Promise<ExitCode> {
  const terminal = guarded(unguarded)
  let exitCode: ExitCode = 0
  try {
    const program = await createProgram(args, terminal, (code) => {
      exitCode = code
    })
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    terminal.stderr.write(failureText(error, terminal.stderr))
    return 2
  }
}

type Load = () => Promise<(terminal: Terminal, finish: Finish) => Command>

/** Each command with what it needs, loaded only when asked for: checking rules needs neither database nor SDK. */
const COMMANDS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['demo', async () => (await import('./demo.ts')).demoCommand],
  ['serve', async () => (await import('./serve.ts')).serveCommand],
  ['check', async () => (await import('./check.ts')).checkCommand],
  ['fmt', async () => (await import('./fmt.ts')).fmtCommand],
  ['test', async () => (await import('./test.ts')).testCommand],
  ['eval', async () => (await import('./eval.ts')).evalCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['replay', async () => (await import('./replay.ts')).replayCommand],
  ['experiment', async () => (await import('./experiment.ts')).experimentCommand],
  ['verify', async () => (await import('./verify.ts')).verifyCommand],
  ['incidents', async () => (await import('./incidents.ts')).incidentsCommand],
  ['mute', async () => (await import('./mute.ts')).muteCommand],
  ['notify', async () => (await import('./notify.ts')).notifyCommand],
  ['spans', async () => (await import('./spans.ts')).spansCommand],
  ['import', async () => (await import('./import.ts')).importCommand],
  ['compact', async () => (await import('./compact.ts')).compactCommand],
  ['recover', async () => (await import('./recover.ts')).recoverCommand],
  ['forget', async () => (await import('./forget.ts')).forgetCommand],
  ['connect', async () => (await import('./stack/connect.ts')).connectCommand],
  ['keys', async () => (await import('./stack/keys.ts')).keysCommand],
  ['rules', async () => (await import('./stack/rules.ts')).rulesCommand],
  ['signals', async () => (await import('./stack/signals.ts')).signalsCommand],
  ['redrive', async () => (await import('./stack/redrive.ts')).redriveCommand],
  ['doctor', async () => (await import('./stack/doctor.ts')).doctorCommand],
])

async function createProgram(args: readonly string[], terminal: Terminal, finish: Finish): Promise<Command> {
  const program = newCommand('betrace', terminal)
    .description('Judges OpenTelemetry traces by invariants, and signals where one breaks.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
  const [first = '', second = ''] = args.filter((arg) => !arg.startsWith('-'))
  const load = COMMANDS.get(first === 'help' ? second : first)
  const all = args[0] === '--version' || args[0] === '-V' ? [] : COMMANDS.values()
  for (const one of load === undefined ? all : [load]) {
    program.addCommand((await one())(terminal, finish))
  }
  return withExamples(program, terminal, [
    ['see it work', 'betrace demo'],
    ['receive spans on localhost:4318 and judge them by ./rules', 'betrace serve'],
    ['check rules before they are merged', 'betrace check rules/'],
    ['judge a recording', 'betrace eval --rules rules/ traces.jsonl.gz'],
  ])
}

/** What is shown of an error that ends a command. */
export function failureText(error: unknown, screen: Screen): string {
  const name = paint(screen, 'red', 'betrace:')
  if (error instanceof CommandError || error instanceof InputError) {
    const hint = error.hint === undefined ? '' : `\n  ${visible(error.hint)}`
    return `${name} ${visible(error.message)}${hint}\n`
  }
  if (error instanceof StorageError) return `${name} ${visible(error.message)}\n  ${visible(adviceOn(error))}\n`
  return `${name} an error inside betrace, please report it\n${stackOf(error)}\n`
}

/** The message on one line, whatever it quotes, and below it where it was thrown. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error))
  const { message, stack = message } = error
  const head = stack.includes(message) ? stack.slice(0, stack.indexOf(message) + message.length) : ''
  return `${visible(head)}${visibleLines(stack.slice(head.length))}`
}

/** What to do, with the reason of the store where the message does not have it. */
function adviceOn({ transient, hint, cause, message }: StorageError): string {
  const told = cause instanceof Error ? cause.message : ''
  const again = transient ? 'run the command again' : undefined
  return [message.includes(told) ? '' : told, hint, again]
    .filter((part) => part !== undefined && part !== '')
    .join('; ')
}
