/*
 * An interpreter of the part of Amazon States Language that the replay's state machine uses, by its developer guide; it
 * lives in test/ only, for no npm package emulates a distributed map. It does not wait between attempts and knows no
 * IAM; limits of sizes are AWS's.
 */

type Json = Readonly<Record<string, unknown>>
type Task = (input: unknown) => Promise<unknown>

/** What the machine reaches. */
export interface MachineParts {
  readonly definition: unknown
  /** By ARN. */
  readonly tasks: ReadonlyMap<string, Task>
  readonly readObject: (bucket: string, key: string) => Promise<string>
  readonly writeObject: (bucket: string, key: string, text: string) => Promise<void>
}

interface Failed {
  readonly Error: string
  readonly Cause: string
}

interface Handler {
  readonly ErrorEquals: readonly string[]
  readonly MaxAttempts?: number
  readonly ResultPath?: string
  readonly Next?: string
}

interface State {
  readonly Type: 'Task' | 'Map' | 'Choice' | 'Succeed' | 'Fail'
  readonly Resource?: string
  readonly Retry?: readonly Handler[]
  readonly Catch?: readonly Handler[]
  readonly ResultPath?: string | null
  readonly Next?: string
  readonly Choices?: readonly Json[]
  readonly Default?: string
  readonly Error?: string
  readonly Cause?: string
  readonly ItemReader?: { readonly Parameters: Json }
  readonly ItemSelector?: Json
  readonly ItemProcessor?: Machine
  readonly ResultWriter?: { readonly Parameters: Json }
  readonly ToleratedFailurePercentage?: number
}

interface Machine {
  readonly StartAt: string
  readonly States: Readonly<Record<string, State>>
}

/** How an execution ended. */
export type Ended = { readonly status: 'SUCCEEDED' } | ({ readonly status: 'FAILED' } & Failed)

const MAX_PAYLOAD_BYTES = 256 * 1024

class StateError extends Error {
  readonly failed: Failed

  constructor(failed: Failed) {
    super(failed.Cause)
    this.failed = failed
  }
}

/** Runs an execution to its end. */
export async function execute(parts: MachineParts, input: Json): Promise<Ended> {
  try {
    await runStates(parts, parts.definition as Machine, input)
    return { status: 'SUCCEEDED' }
  } catch (error) {
    if (error instanceof StateError) return { status: 'FAILED', ...error.failed }
    throw error
  }
}

async function runStates(parts: MachineParts, machine: Machine, input: Json): Promise<Json> {
  let name: string | undefined = machine.StartAt
  let data = input
  while (name !== undefined) {
    if (Buffer.byteLength(JSON.stringify(data)) > MAX_PAYLOAD_BYTES) {
      throw new StateError({ Error: 'States.DataLimitExceeded', Cause: name })
    }
    const state = machine.States[name] as State
    if (state.Type === 'Fail') throw new StateError({ Error: state.Error ?? '', Cause: state.Cause ?? '' })
    if (state.Type === 'Choice') name = choose(state, data)
    else {
      const step = await runState(parts, state, data)
      data = step.data
      name = step.next
    }
  }
  return data
}

async function runState(
  parts: MachineParts,
  state: State,
  data: Json,
): Promise<{ data: Json; next?: string | undefined }> {
  const attempts = new Map<Handler, number>()
  for (;;) {
    try {
      const result = await perform(parts, state, data)
      return { data: placed(data, state.ResultPath, result), next: state.Next }
    } catch (error) {
      const failed = failureOf(error)
      const retry = state.Retry?.find((each) => covers(each, failed))
      const made = retry === undefined ? 0 : (attempts.get(retry) ?? 0)
      if (retry !== undefined && made < (retry.MaxAttempts ?? 3)) {
        attempts.set(retry, made + 1)
        continue
      }
      const caught = state.Catch?.find((each) => covers(each, failed))
      if (caught === undefined) throw new StateError(failed)
      return { data: placed(data, caught.ResultPath, failed), next: caught.Next }
    }
  }
}

function perform(parts: MachineParts, state: State, data: Json): Promise<unknown> {
  if (state.Type === 'Succeed') return Promise.resolve(data)
  if (state.Type === 'Map') return distribute(parts, state, data)
  const task = parts.tasks.get(state.Resource ?? '')
  if (task === undefined) throw new Error(`no function is ${state.Resource}`)
  return task(JSON.parse(JSON.stringify(data)))
}

/** One child execution a line of the manifest; what they give out goes to the bucket. */
async function distribute(parts: MachineParts, state: State, data: Json): Promise<unknown> {
  const { Bucket, Key } = evaluated(state.ItemReader?.Parameters ?? {}, data, {})
  const lines = (await parts.readObject(String(Bucket), String(Key))).split('\n').filter((line) => line !== '')
  const results: unknown[] = []
  let failures = 0
  for (const line of lines) {
    const context = { Map: { Item: { Value: JSON.parse(line) } } }
    try {
      const output = await runStates(
        parts,
        state.ItemProcessor as Machine,
        evaluated(state.ItemSelector ?? {}, data, context),
      )
      results.push(output)
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      results.push(error.failed)
      failures++
    }
  }
  if (failures * 100 > (state.ToleratedFailurePercentage ?? 0) * lines.length) {
    throw new StateError({ Error: 'States.ExceedToleratedFailureThreshold', Cause: `${failures} failed` })
  }
  const writer = evaluated(state.ResultWriter?.Parameters ?? {}, data, {})
  const key = `${writer.Prefix}/${crypto.randomUUID()}/manifest.json`
  await parts.writeObject(String(writer.Bucket), key, JSON.stringify(results))
  return { ResultWriterDetails: { Bucket: writer.Bucket, Key: key } }
}

function choose({ Choices = [], Default }: State, data: Json): string | undefined {
  const chosen = Choices.find((choice) => {
    const value = valueAt(data, String(choice.Variable))
    return 'IsPresent' in choice ? (value !== undefined) === choice.IsPresent : value === choice.NumericEquals
  })
  return chosen === undefined ? Default : String(chosen.Next)
}

/** Values of keys that end in `.$` are paths into the input, or (`$$`) the context. */
function evaluated(template: Json, data: Json, context: Json): Json {
  const entries = Object.entries(template).map(([key, value]) => {
    if (!key.endsWith('.$')) return [key, value]
    const path = String(value)
    return [key.slice(0, -2), path.startsWith('$$') ? valueAt(context, path.slice(1)) : valueAt(data, path)]
  })
  return Object.fromEntries(entries)
}

function valueAt(data: unknown, path: string): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Json | undefined)?.[name], data)
}

function placed(data: Json, path: string | null | undefined, result: unknown): Json {
  if (path === null) return data
  if (path === undefined || path === '$') return (result ?? {}) as Json
  return { ...data, [path.slice(2)]: result }
}

function covers({ ErrorEquals }: Handler, { Error: name }: Failed): boolean {
  return ErrorEquals.includes(name) || ErrorEquals.includes('States.ALL')
}

/** As Lambda reports what a function threw. */
function failureOf(error: unknown): Failed {
  if (error instanceof StateError) return error.failed
  const { name, message } = error as Error
  return { Error: name, Cause: JSON.stringify({ errorType: name, errorMessage: message }) }
}
