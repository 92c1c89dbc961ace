import { type Command, Option } from 'commander'
import type { Redriven, RedrivePlace } from '../../shared/aws/admin/redrive.ts'
import { counted } from '../../shared/text/numbers.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { type ExitCode, type Terminal, write } from '../terminal.ts'
import { AWS_HELP, outputsOf, type StackChoice, stackOption } from './stack-option.ts'

interface RedriveOptions extends StackChoice {
  readonly dryRun?: boolean
}

/** `betrace redrive`: gives what failed in a deployed stack another chance. */
export function redriveCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('redrive', terminal)
    .summary('send again what failed in a deployed stack')
    .description(
      'Once the cause is fixed: sends dead letters back to the timers, stream records that Lambda stopped retrying as ' +
        'timers, and expired chunks back into the table. What was sent is removed where it lay.',
    )
    .addOption(stackOption())
    .addOption(new Option('--dry-run', 'say how much there is, and change nothing'))
    .action(async (options: RedriveOptions) => {
      finish(await redrive(options, terminal))
    })
  withExamples(command, terminal, [
    ['how much is there?', 'betrace redrive --dry-run --stack betrace-main'],
    ['send it', 'betrace redrive'],
  ])
  return command.addHelpText(
    'after',
    `${AWS_HELP}\nExit code: 0 all was sent, 1 something was left where it is, 2 it could not be done.`,
  )
}

async function redrive(options: RedriveOptions, terminal: Terminal): Promise<ExitCode> {
  const { redriveDeadLetters, redriveStreamRecords } = await import('../../shared/aws/admin/redrive.ts')
  const place = await placeOf(options)
  const dryRun = options.dryRun === true
  const letters = await redriveDeadLetters(place, dryRun)
  await write(terminal.stdout, `dead letters: ${summary(letters, dryRun)}\n`)
  const records = await redriveStreamRecords(place, dryRun)
  await write(terminal.stdout, `failed stream records: ${summary(records, dryRun)}\n`)
  return letters.left + records.left > 0 ? 1 : 0
}

function summary({ timers, chunks, left }: Redriven, dryRun: boolean): string {
  const parts = [
    `${counted(timers, 'timer')} ${dryRun ? 'to send' : 'sent'}`,
    ...(chunks > 0 ? [`${counted(chunks, 'expired chunk')} ${dryRun ? 'to put back' : 'put back'}`] : []),
    ...(left > 0 ? [`${left} left: look at them by hand`] : []),
  ]
  return parts.join(', ')
}

async function placeOf(options: StackChoice): Promise<RedrivePlace> {
  const { timersUrl, deadLettersUrl, archiveBucket, table } = await outputsOf(options)
  const { dynamoClient, s3Client, sqsClient } = await import('../../shared/aws/clients.ts')
  const { PATIENT } = await import('../../shared/aws/until-taken.ts')
  return {
    queues: { client: sqsClient(), timersUrl, deadLettersUrl, backoff: PATIENT },
    s3: s3Client(),
    archiveBucket,
    table: { client: dynamoClient(), name: table, backoff: PATIENT },
    clock: Date.now,
  }
}
