import { expect, vi } from 'vitest'

/** Occurs in every part of a span that a client chooses. */
export const CONTENT = 'zqcontent'
/** Occurs in everything that must be known to nobody. */
export const SECRET = 'zqsecret'

/** All that a function wrote to stdout and stderr, and what Lambda writes for it. */
export interface Told {
  text(): string
  /** Runs a handler; what it throws is written as Lambda's runtime does: with its stack and all of its own properties. */
  run(handler: () => Promise<unknown>): Promise<unknown>
  /** Lines were written, and none holds a marker, as it is or encoded as bodies are in events and items. */
  expectNothing(): void
}

/** Captures both streams, and what is written past them, until mocks are restored. */
export function captureTold(): Told {
  let written = ''
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written += String(chunk)
      return true
    })
  }
  for (const level of ['debug', 'info', 'log', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => {
      written += parts.map(String).join(' ')
    })
  }
  return {
    text: () => written,
    async run(handler) {
      try {
        return await handler()
      } catch (error) {
        written += `Invoke Error ${JSON.stringify(error, asLambdaWrites)}\n`
        return undefined
      }
    },
    expectNothing() {
      expect(written).toMatch(/"level":"|_aws/)
      for (const marker of [CONTENT, SECRET]) for (const form of formsOf(marker)) expectWithout(written, form)
    },
  }
}

function asLambdaWrites(_: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  return { errorType: value.name, errorMessage: value.message, ...value, stack: value.stack?.split('\n') }
}

function formsOf(marker: string): readonly string[] {
  const base64 = (shift: number) => Buffer.from('x'.repeat(shift) + marker).toString('base64')
  return [marker, Buffer.from(marker).toString('hex'), ...[0, 1, 2].map((shift) => base64(shift).slice(4, 12))]
}

function expectWithout(text: string, form: string): void {
  const at = text.indexOf(form)
  expect(at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100)).toBe('')
}
