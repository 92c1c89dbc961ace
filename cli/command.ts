import { Command, type Help } from 'commander'
import { visible } from '../shared/text/visible.ts'
import { type ExitCode, paint, type Terminal, widthOf } from './terminal.ts'

/** Takes the exit code a command ended with. */
export type Finish = (exitCode: ExitCode) => void

/** A command that writes to the terminal it is given and throws instead of ending the process. */
export function newCommand(name: string, terminal: Terminal): Command {
  const bold = (title: string) => paint(terminal.stdout, 'bold', title)
  return new Command(name)
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => write(oneLine(text, terminal)),
      getOutHelpWidth: () => widthOf(terminal.stdout),
      getErrHelpWidth: () => widthOf(terminal.stderr),
      // Styled only where `paint` finds a terminal; the library would strip what the process's own streams do not take.
      getOutHasColors: () => true,
      getErrHasColors: () => true,
    })
    .configureHelp({ styleTitle: bold } satisfies Partial<Help>)
}

/** Adds examples below the help: what each does, then the command line. */
export function withExamples(command: Command, terminal: Terminal, examples: readonly (readonly [string, string])[]) {
  const title = paint(terminal.stdout, 'bold', 'Examples:')
  const lines = examples.map(([does, line]) => `  ${paint(terminal.stdout, 'dim', `# ${does}`)}\n  $ ${line}`)
  return command.addHelpText('after', `\n${title}\n${lines.join('\n')}`)
}

/** The library writes `error: …` and a suggestion in brackets on a line of its own. */
function oneLine(text: string, terminal: Terminal): string {
  const line = text.replace(/^error: /, '').replace(/\n\(Did you mean (.+)\?\)/, '; did you mean $1?')
  return `${paint(terminal.stderr, 'red', 'betrace:')} ${visible(line.trimEnd())}\n`
}
