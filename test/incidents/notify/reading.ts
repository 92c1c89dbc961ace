import { type NotifyReading, readNotifyFile } from '../../../shared/incidents/notify/read-notify-file.ts'

export const NOW_MS = Date.parse('2026-11-29T00:00:00Z')

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

interface Outside {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
}

/** Reads a file as on a machine with this environment, these files and secrets. */
export function reading(text: string, { env = {}, files = {}, secrets }: Outside = {}): Promise<NotifyReading> {
  return readNotifyFile(text, {
    references: {
      env: (name) => env[name],
      async file(path) {
        const found = files[path]
        if (found === undefined) throw new Error('it does not exist')
        return found
      },
      ...(secrets !== undefined && {
        async secret(name: string, field: string | undefined) {
          const found = secrets[[name, field].filter((part) => part !== undefined).join('#')]
          if (found === undefined) throw new Error('it does not exist')
          return found
        },
      }),
    },
    clock: () => NOW_MS,
  })
}

/** The receivers of a file that has a webhook alone. */
export const HOOK = 'receivers:\n  hook:\n    type: webhook\n    url: https://hook.example\n'
/** A file of these receivers. */
export const whole = (rest = '', receivers = HOOK) => `version: 1\n${receivers}${rest}`

/** Each problem as `line:column code hint`. */
export async function problemsOf(text: string, outside: Parameters<typeof reading>[1] = {}) {
  const { problems } = await reading(text, outside)
  return problems.map(({ code, hint, range: { start } }) => `${start.line}:${start.column} ${code}: ${hint}`)
}
