/*
 * A protocol that two runtimes share is a generator which yields one step at a time and is given its result: so a database with
 * transactions does all of them at once, and a table of single items one after another.
 */

type Step = (...parameters: never[]) => unknown

/** One of some steps, by name, with its parameters. */
export type StepOf<Steps extends Record<keyof Steps, Step>> = {
  [Name in keyof Steps]: { readonly name: Name; readonly parameters: Parameters<Steps[Name]> }
}[keyof Steps]

/** The same steps, each with an answer to wait for. */
export type Slow<Steps extends Record<keyof Steps, Step>> = {
  readonly [Name in keyof Steps]: (...parameters: Parameters<Steps[Name]>) => Promise<ReturnType<Steps[Name]>>
}

/** Does one step; its result, or a promise of it, as the steps have it. */
export function perform<Steps extends Record<keyof Steps, Step>>(
  { name, parameters }: StepOf<Steps>,
  steps: Steps | Slow<Steps>,
): unknown {
  return (steps[name] as (...values: readonly unknown[]) => unknown).apply(steps, parameters)
}
