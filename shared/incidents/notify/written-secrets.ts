import type { SourceRange } from '../../errors.ts'
import { rangeIn, type Source } from '../../rules/read/source.ts'
import type { NotifyProblem } from './problem.ts'
import { WAYS } from './references.ts'

/** What secrets of receivers look like; a reference in their place does not. */
const SHAPES: readonly (readonly [what: string, shape: RegExp])[] = [
  ['a token of Slack', /\bxox[a-z](?:-[\w-]{8,}|\.[\w.-]{8,})|\bxapp-[\w-]{8,}/g],
  ['a webhook of Slack', /\bhooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/[^\s"'${},]{4,}/g],
  ['a webhook of Discord', /\bdiscord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\d+\/[^\s"'${},]{4,}/g],
  ['a signature in a URL', /[?&;]sig=[^\s"'${},&]{4,}/g],
  ['a secret of webhooks', /\bwhsec_[\w+/=-]{8,}/g],
  ['a key of Opsgenie', /\bGenieKey\s+[^\s"'${},]{4,}/gi],
  ['a bearer token', /\bBearer\s+[^\s"'${},]{8,}/g],
  ['a password', /\b[a-z][a-z+.-]*:\/\/[^\s/"'${}:@]*:[^\s/"'${}@]+@/gi],
  ['a key of AWS', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
]

/** Everything in the text, comments too, that is a secret by its looks. */
export function writtenSecrets(source: Source): readonly NotifyProblem[] {
  return SHAPES.flatMap(([what, shape]) =>
    [...source.text.matchAll(shape)].map(({ 0: found, index }) =>
      writtenSecret(rangeIn(source, index, index + found.length), `this is ${what}`),
    ),
  )
}

/** A secret that is in the file itself, which people commit and share. */
export function writtenSecret(range: SourceRange, what: string): NotifyProblem {
  const hint = `put it into the environment, a file or a secret, and write ${WAYS.slice(0, 3).join(', ')}`
  return { code: 'written-secret', message: `${what}, and this file holds no secrets`, hint, range }
}

/** The text with each secret as stars, so that no output that shows its lines repeats one. */
export function withoutSecrets(text: string, problems: readonly NotifyProblem[]): string {
  const secrets = problems
    .filter(({ code }) => code === 'written-secret')
    .map(({ range }) => [range.start.offset, range.end.offset] as const)
    .toSorted(([one], [other]) => one - other)
  const parts: string[] = []
  let at = 0
  for (const [start, end] of secrets) {
    parts.push(text.slice(at, Math.max(at, start)), text.slice(Math.max(at, start), end).replace(/[^\r\n]/g, '*'))
    at = Math.max(at, end)
  }
  return parts.join('') + text.slice(at)
}
