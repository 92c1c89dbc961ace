import { type Command, Option } from 'commander'
import type { SecretPlace } from '../../shared/aws/keys/key-secret.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { type Terminal, write } from '../terminal.ts'
import { AWS_HELP, outputsOf, type StackChoice, stackOption } from './stack-option.ts'

/** `betrace keys`: which API keys clients of a deployed stack may send. */
export function keysCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('keys', terminal)
    .summary('add, revoke and list the API keys of a deployed stack')
    .description('Several keys are valid at once: add one, move the clients over, revoke the old one.')
    .addCommand(addCommand(terminal, finish))
    .addCommand(revokeCommand(terminal, finish))
    .addCommand(listCommand(terminal, finish))
    .addCommand(showCommand(terminal, finish))
  withExamples(command, terminal, [
    ['a key of its own for a client', 'betrace keys add checkout --stack betrace-main'],
    ['the key generated at deploy is needed no more', 'betrace keys revoke generated'],
  ])
  return command.addHelpText('after', `${AWS_HELP}\nExit code: 0 done, 2 nothing was changed.`)
}

/** The secret of a stack's keys. */
async function keyPlace(secretArn: string): Promise<SecretPlace> {
  const { secretsClient } = await import('../../shared/aws/clients.ts')
  return { client: secretsClient(), id: secretArn }
}

/** The key generated at deploy, or a CommandError that says how to get another. */
export async function generatedKey(secretArn: string): Promise<string> {
  const { readGeneratedKey } = await import('../../shared/aws/keys/key-secret.ts')
  const key = await readGeneratedKey(await keyPlace(secretArn))
  if (key !== undefined) return key
  throw new CommandError(
    'the key generated at deploy was revoked; of keys added since only digests are kept',
    'add one with betrace keys add, and set it as BETRACE_API_KEY',
  )
}

function addCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('add', terminal)
    .description('Makes a key and prints it once: only its digest is kept. It is valid within a minute.')
    .argument('<name>', 'the name it is listed and logged under')
    .addOption(stackOption())
    .action(async (name: string, options: StackChoice) => {
      const { addKey } = await import('../../shared/aws/keys/key-secret.ts')
      const key = await addKey(await placeOf(options), name)
      // The key alone on standard output, so that it can be piped to where secrets are kept.
      await write(terminal.stdout, `${key}\n`)
      terminal.stderr.write(`added ${visible(name)}; this is the only time the key is shown\n`)
      finish(0)
    })
}

function revokeCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('revoke', terminal)
    .description('Makes a key invalid, within a minute.')
    .argument('<name>', 'as keys list shows it; "generated" is the one made at deploy')
    .addOption(stackOption())
    .addOption(new Option('--last', 'even if no key is left, and no client can send'))
    .action(async (name: string, options: StackChoice & { readonly last?: boolean }) => {
      const { revokeKey } = await import('../../shared/aws/keys/key-secret.ts')
      await revokeKey(await placeOf(options), name, options.last === true)
      terminal.stderr.write(`revoked ${visible(name)}; functions that know it forget it within a minute\n`)
      finish(0)
    })
}

function listCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('list', terminal)
    .description('Names the keys that are valid.')
    .addOption(stackOption())
    .action(async (options: StackChoice) => {
      const { listKeys } = await import('../../shared/aws/keys/key-secret.ts')
      const names = await listKeys(await placeOf(options))
      await write(terminal.stdout, names.map((name) => `${visible(name)}\n`).join(''))
      finish(0)
    })
}

function showCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('show', terminal)
    .description('Prints the key generated at deploy in plain text, for $(…) in a shell.')
    .addOption(stackOption())
    .action(async (options: StackChoice) => {
      const { keySecret } = await outputsOf(options)
      await write(terminal.stdout, `${visible(await generatedKey(keySecret))}\n`)
      finish(0)
    })
}

async function placeOf(options: StackChoice): Promise<SecretPlace> {
  const { keySecret } = await outputsOf(options)
  return keyPlace(keySecret)
}
