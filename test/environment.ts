/**
 * Gives this process exactly the environment variables of `before`. It changes `process.env` in place: another object there
 * is one that `vi.stubEnv` does not know.
 */
export function restoreEnvironment(before: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
}
