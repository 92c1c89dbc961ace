import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type Command, Option } from 'commander'
import { MAX_TEXT_BYTES, readInput, writeText } from '../../local/files/input-file.ts'
import { makeFolder } from '../../local/files/make-folder.ts'
import type { RulesBucket, StoredRuleFile } from '../../shared/aws/rules/rule-sets.ts'
import { InputError } from '../../shared/errors.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { countIn } from '../../shared/rules/read/listing.ts'
import { counted } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { writeProblems } from '../load-rules.ts'
import { readRuleFiles, unreadable } from '../rule-files.ts'
import { statusCommand } from '../rules-status.ts'
import { type ExitCode, paint, type Terminal, write } from '../terminal.ts'
import { AWS_HELP, outputsOf, type StackChoice, stackOption } from './stack-option.ts'

const OWN = 'own/'
/** Enough of an id to tell sets apart by eye. */
const SHOWN_ID = 12

/** `betrace rules`: which rules a deployed stack judges by. */
export function rulesCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('rules', terminal)
    .summary('the state of each rule; push, list, pull and roll back those of a deployed stack')
    .description(
      'The rules in force of a stack are one set, switched as a whole: packs/ from the last deploy and own/ from pushes. A switch ' +
        'takes effect within a minute.',
    )
    .addCommand(statusCommand(terminal, finish))
    .addCommand(pushCommand(terminal, finish))
    .addCommand(listCommand(terminal, finish))
    .addCommand(pullCommand(terminal, finish))
    .addCommand(rollbackCommand(terminal, finish))
  withExamples(command, terminal, [
    ['which rules held, broke or are blind', 'betrace rules status --stack betrace-main'],
    ['add or replace the rules of a folder', 'betrace rules push rules/ --stack betrace-main'],
    ['make own/ exactly what the folder holds', 'betrace rules push rules/ --prune'],
    ['back to the set before', 'betrace rules rollback'],
  ])
  return command.addHelpText(
    'after',
    `${AWS_HELP}\nExit code: 0 done, 1 the rules have problems and nothing was changed, 2 it could not be done.`,
  )
}

interface PushOptions extends StackChoice {
  readonly prune?: boolean
}

function pushCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('push', terminal)
    .description('Checks rules together with those in force, and switches to all of them at once; packs stay.')
    .argument('<path...>', 'rule files, or folders of *.rules, *.yaml and *.yml')
    .addOption(stackOption())
    .addOption(new Option('--prune', 'remove own rules that are not among these files'))
    .action(async (paths: readonly string[], options: PushOptions) => {
      finish(await push(paths, options, terminal))
    })
}

async function push(paths: readonly string[], options: PushOptions, terminal: Terminal): Promise<ExitCode> {
  const files = await namedFiles(paths)
  const { pushRules } = await import('../../shared/aws/rules/rule-push.ts')
  const outcome = await pushRules(await bucketOf(options), {
    files: [...files.values()],
    prune: options.prune === true,
  })
  if (outcome.id === undefined) {
    // Shown by the paths that were given, so that an editor finds them.
    const shown = new Map([...files].map(([path, { file }]) => [file, path]))
    const nameOf = (file: string) => shown.get(file) ?? file
    const items = outcome.problems.map((problem) => ({ ...problem, file: nameOf(problem.file) }))
    const problems = { items, more: outcome.more }
    const texts = outcome.files.map(({ file, text }) => ({ file: nameOf(file), text }))
    await writeProblems(problems, texts, terminal.stdout)
    const mark = paint(terminal.stdout, 'red', '✗')
    await write(terminal.stdout, `${mark} ${counted(countIn(problems), 'problem')}: nothing was pushed\n`)
    return 1
  }
  const mark = paint(terminal.stdout, 'green', '✓')
  const removed = outcome.removed.map((file) => `  removed ${visible(file)}\n`).join('')
  const inForce = `${counted(outcome.ruleCount, 'rule')} in ${counted(outcome.files.length, 'file')} in force`
  await write(terminal.stdout, `${mark} ${inForce} within a minute: set ${shortId(outcome.id)}\n${removed}`)
  return 0
}

/** Files by their path here; a file of a folder keeps its place below that folder, a single one its name. */
async function namedFiles(paths: readonly string[]): Promise<ReadonlyMap<string, StoredRuleFile>> {
  const named = new Map<string, StoredRuleFile>()
  const taken = new Map<string, string>()
  for (const path of paths) {
    for (const { file, text } of await readRuleFiles([path])) {
      const below = relative(path, file)
      const key = `${OWN}${below === '' ? basename(file) : below.split(sep).join('/')}`
      const other = taken.get(key)
      if (other === undefined) {
        taken.set(key, file)
        named.set(file, { file: key, text })
      } else if (resolve(other) !== resolve(file)) {
        throw new CommandError(`${other} and ${file} would both be ${key}`, 'push the folder that holds both')
      }
    }
  }
  return named
}

interface ListOptions extends StackChoice {
  readonly format: 'pretty' | 'json'
}

function listCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('list', terminal)
    .description('Shows the set in force, its files and rules, and the sets before it.')
    .addOption(stackOption())
    .addOption(new Option('-f, --format <format>', 'how to show it').choices(['pretty', 'json']).default('pretty'))
    .action(async (options: ListOptions) => {
      const { currentRules } = await import('../../shared/aws/rules/rule-push.ts')
      const { id, earlier, files } = await currentRules(await bucketOf(options))
      const listed = files.map(({ file, text }) => {
        const { rules, problems, more } = checkRules([{ file, text }])
        const count = problems.length + more.count
        return { file, rules: rules.map(({ name, severity }) => ({ name, severity })), problems: count }
      })
      const json = `${JSON.stringify({ set: id, earlier, files: listed })}\n`
      await write(terminal.stdout, options.format === 'json' ? json : listText(id, earlier, listed, terminal))
      finish(0)
    })
}

interface ListedFile {
  readonly file: string
  readonly rules: readonly { readonly name: string; readonly severity: string }[]
  readonly problems: number
}

function listText(id: string, earlier: readonly string[], files: readonly ListedFile[], terminal: Terminal): string {
  const before = earlier.length === 0 ? 'none' : earlier.map(shortId).join(', ')
  const lines = [`set ${paint(terminal.stdout, 'bold', shortId(id))} in force, before it: ${before}`]
  for (const { file, rules, problems } of files) {
    const bad = problems === 0 ? '' : `, ${paint(terminal.stdout, 'red', counted(problems, 'problem'))}`
    lines.push('', `${visible(file)}  ${counted(rules.length, 'rule')}${bad}`)
    lines.push(...rules.map(({ name, severity }) => `  ${name} (${severity})`))
  }
  return `${lines.join('\n')}\n`
}

interface PullOptions extends StackChoice {
  readonly packs?: boolean
  readonly force?: boolean
}

function pullCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('pull', terminal)
    .description('Writes the own rules in force to a folder, as rules push takes them.')
    .argument('<folder>', 'made if it does not exist')
    .addOption(stackOption())
    .addOption(new Option('--packs', 'the packs of the release too, in a folder of their own'))
    .addOption(new Option('--force', 'overwrite files that differ'))
    .action(async (folder: string, options: PullOptions) => {
      const { currentRules } = await import('../../shared/aws/rules/rule-push.ts')
      const { id, files } = await currentRules(await bucketOf(options))
      const wanted = files.filter(({ file }) => options.packs === true || file.startsWith(OWN))
      const count = await writeFiles(folder, wanted, options.force === true)
      await write(terminal.stdout, `${counted(count, 'file')} of set ${shortId(id)} in ${visible(folder)}\n`)
      finish(0)
    })
}

/** Looks at all files before it writes one. */
async function writeFiles(folder: string, files: readonly StoredRuleFile[], force: boolean): Promise<number> {
  const places = files.map(({ file, text }) => ({ path: placeIn(folder, file), text }))
  await writing(folder, async () => makeFolder(folder))
  const root = await realpath(folder)
  for (const { path, text } of force ? [] : places) {
    const there = await textAt(path, root)
    if (there !== undefined && there !== text) {
      throw new CommandError(`${path} differs from what is in force; nothing was written`, 'overwrite it with --force')
    }
  }
  for (const { path, text } of places) {
    await writing(path, async () => {
      makeFolder(dirname(path))
      await writeText({ file: path, root }, text)
    })
  }
  return places.length
}

/** Undefined where the file or its folder does not exist. */
async function textAt(path: string, root: string): Promise<string | undefined> {
  try {
    return (await readInput({ file: path, root }, MAX_TEXT_BYTES)).toString('utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(path, error as NodeJS.ErrnoException | InputError)
  }
}

async function writing(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const hint = error instanceof InputError ? error.hint : undefined
    throw new CommandError(
      `cannot write ${path}: ${(error as Error).message}`,
      hint ?? 'name a folder this user may write to',
    )
  }
}

/** Whoever may write to the bucket must not choose files outside the folder. */
function placeIn(folder: string, file: string): string {
  const path = join(folder, file.startsWith(OWN) ? file.slice(OWN.length) : file)
  if (resolve(path).startsWith(`${resolve(folder)}${sep}`)) return path
  throw new CommandError(`the set names a file outside the folder: ${JSON.stringify(file)}`, 'push the rules again')
}

function rollbackCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('rollback', terminal)
    .description('Puts the set before this one in force again, or any by its id; repeated, it goes further back.')
    .argument('[set]', 'how its id begins, as rules list shows it')
    .addOption(stackOption())
    .action(async (set: string | undefined, options: StackChoice) => {
      const { rollbackRules } = await import('../../shared/aws/rules/rule-push.ts')
      const { from, to, files } = await rollbackRules(await bucketOf(options), set)
      const { ruleCount } = checkRules(files)
      const undo = `betrace rules rollback ${shortId(from)} --stack ${visible(options.stack)}`
      const text = `set ${shortId(to)} in force within a minute: ${counted(ruleCount, 'rule')}\n  to undo: ${undo}\n`
      await write(terminal.stdout, text)
      finish(0)
    })
}

function shortId(id: string): string {
  return visible(id.slice(0, SHOWN_ID))
}

async function bucketOf(options: StackChoice): Promise<RulesBucket> {
  const { rulesBucket } = await outputsOf(options)
  const { s3Client } = await import('../../shared/aws/clients.ts')
  return { client: s3Client(), name: rulesBucket }
}
