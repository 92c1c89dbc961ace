import type { Command } from 'commander'
import { NO_MORE } from '../../shared/rules/read/listing.ts'
import { counted } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { writeProblems, writeWarnings } from '../load-rules.ts'
import { notifyStack } from '../stack/notify-stack.ts'
import { AWS_HELP, type StackChoice, stackOption } from '../stack/stack-option.ts'
import { type ExitCode, paint, type Terminal, write } from '../terminal.ts'
import { placedProblems, readNotify } from './read-file.ts'

/** `betrace notify push`: puts a file of receivers in force at a deployed stack. */
export function notifyPushCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('push', terminal)
    .summary('put the file in force at a deployed stack')
    .description(
      'Checks a file of receivers, routes and mutes, with the values in the secret of the stack, and puts it in force within ' +
        'half a minute. A file with problems changes nothing. The bucket keeps the versions before.',
    )
    .argument('[file]', 'the file', 'notify.yaml')
    .addOption(stackOption())
    .action(async (file: string, options: StackChoice) => {
      finish(await push(file, options, terminal))
    })
  withExamples(command, terminal, [
    ['put notify.yaml in force', 'betrace notify push --stack betrace-main'],
    ['then see whether messages arrive', 'betrace notify test oncall --stack betrace-main'],
  ])
  return command.addHelpText(
    'after',
    `${AWS_HELP}\nExit code: 0 done, 1 the file has problems and nothing was changed, 2 it could not be done.`,
  )
}

async function push(file: string, options: StackChoice, { stdout }: Terminal): Promise<ExitCode> {
  const { bucket, references } = await notifyStack(options)
  const read = await readNotify(file, { references })
  const shown = [{ file, text: read.text }]
  await writeProblems({ items: placedProblems(read), more: NO_MORE }, shown, stdout)
  const warnings = read.warnings.map((warning) => ({ ...warning, file }))
  await writeWarnings({ items: warnings, more: NO_MORE }, shown, stdout)
  if (read.config === undefined) {
    await write(stdout, `${paint(stdout, 'red', '✗')} ${visible(file)} was not pushed: nothing was changed\n`)
    return 1
  }
  const { writeNotifyObject } = await import('../../shared/aws/incidents/s3-notify-source.ts')
  await writeNotifyObject(bucket, read.source)
  const { receivers, routes, mutes } = read.config
  const parts = [counted(receivers.size, 'receiver'), counted(routes.length, 'route'), counted(mutes.length, 'mute')]
  const mark = paint(stdout, 'green', '✓')
  await write(stdout, `${mark} ${visible(file)} is in force within half a minute: ${parts.join(', ')}\n`)
  return 0
}
