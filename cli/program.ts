import { type Command, CommanderError } from 'commander'
import { InputError } from '../shared/errors.ts'
import { StorageError } from '../shared/pipeline/storage-error.ts'
import { checkCommand } from './check.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { compactCommand } from './compact.ts'
import { demoCommand } from './demo.ts'
import { evalCommand } from './eval.ts'
import { explainCommand } from './explain.ts'
import { fmtCommand } from './fmt.ts'
import { forgetCommand } from './forget.ts'
import { packageVersion } from './package-root.ts'
import { replayCommand } from './replay.ts'
import { serveCommand } from './serve.ts'
import { connectCommand } from './stack/connect.ts'
import { keysCommand } from './stack/keys.ts'
import { rulesCommand } from './stack/rules.ts'
import { type ExitCode, paint, type Screen, type Terminal } from './terminal.ts'
import { testCommand } from './test.ts'

/**
 * Runs one command line (without `node` and the script) and returns its exit code. Whatever the person can put right
 * is one line on stderr; only a defect of ours shows its stack.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = createProgram(terminal, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    terminal.stderr.write(describe(error, terminal.stderr))
    return 2
  }
}

function createProgram(terminal: Terminal, finish: Finish): Command {
  const program = newCommand('betrace', terminal)
    .description('Judges OpenTelemetry traces by invariants, and signals where one breaks.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
    .addCommand(demoCommand(terminal, finish))
    .addCommand(serveCommand(terminal, finish))
    .addCommand(checkCommand(terminal, finish))
    .addCommand(evalCommand(terminal, finish))
    .addCommand(replayCommand(terminal, finish))
    .addCommand(compactCommand(terminal, finish))
    .addCommand(forgetCommand(terminal, finish))
    .addCommand(explainCommand(terminal, finish))
    .addCommand(fmtCommand(terminal, finish))
    .addCommand(testCommand(terminal, finish))
    .addCommand(connectCommand(terminal, finish))
    .addCommand(keysCommand(terminal, finish))
    .addCommand(rulesCommand(terminal, finish))
  return withExamples(program, terminal, [['check rules', 'betrace check rules/']])
}

function describe(error: unknown, screen: Screen): string {
  const name = paint(screen, 'red', 'betrace:')
  if (error instanceof CommandError || error instanceof InputError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`
    return `${name} ${error.message}${hint}\n`
  }
  if (error instanceof StorageError) return `${name} ${error.message}\n  ${adviceOn(error)}\n`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `${name} an error inside betrace, please report it\n${stack}\n`
}

/** What to do; where the store has no advice, what it was told. */
function adviceOn({ transient, hint, cause }: StorageError): string {
  const said = cause instanceof Error ? cause.message : ''
  if (transient) return said === '' ? 'run the command again' : `${said}; run the command again`
  return [said, hint].filter((part) => part !== undefined && part !== '').join('; ')
}
