import { ENVIRONMENT } from '../../shared/aws/deployment.ts'
import { keyPatternsIn } from '../../shared/catalogue/key-pattern.ts'
import { InputError } from '../../shared/errors.ts'
import type { RequestLimits } from '../../shared/otlp/limits.ts'
import { type JudgingSettings, judgingSettings, requestLimits } from '../../shared/pipeline/settings.ts'

/** The value that the stack gave the function; throws an InputError where it gave none. */
export function setting(name: keyof typeof ENVIRONMENT): string {
  const variable = ENVIRONMENT[name]
  const value = process.env[variable]
  if (value !== undefined) return value
  throw new InputError({ code: 'bad-setting', message: `${variable} is not set`, hint: 'deploy the stack again' })
}

/** How traces are judged in this stack. */
export function judging(): JudgingSettings {
  return judgingSettings(JSON.parse(setting('judging')) as Parameters<typeof judgingSettings>[0])
}

/** Keys, or patterns of them, whose values the catalogues of this stack's archive do not repeat. */
export function redactedKeys(): readonly string[] {
  const keys = keyPatternsIn(setting('redactedKeys'))
  if (keys !== undefined) return keys
  const message = `${ENVIRONMENT.redactedKeys} is not a list of keys`
  throw new InputError({ code: 'bad-setting', message, hint: 'deploy the stack again' })
}

/** What one request may hold in this stack. */
export function limitsOfRequests(): RequestLimits {
  return requestLimits(JSON.parse(setting('requestLimits')) as Parameters<typeof requestLimits>[0])
}
