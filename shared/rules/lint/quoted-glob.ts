import { quoted } from '../resolve/reading.ts'
import type { Lint } from './warning.ts'

/** `trace.has("GET /users *")` names one span with a star in it: `*` matches other text only outside of quotes. */
export const reportQuotedGlobs: Lint =
  () =>
  ({ selections }, report) => {
    for (const { name } of selections) {
      if (name.kind !== 'exact' || !isPattern(name.name)) continue
      report({
        code: 'quoted-glob',
        message: `${quoted(name.name)} is one name: inside quotes "*" is a character like any other`,
        hint: `write ${patternOf(name.name)}, or any.where(span.name == ${quoted(name.name)}) if a span is named so`,
        range: name.range,
      })
    }
  }

/** Routes (`GET /files/*`) and SQL (`SELECT * FROM …`) are names with a star in them. */
function isPattern(name: string): boolean {
  return /(?<![/*{(])\*(?!\*)/.test(name) && !/\bselect\b|\bcount\b/i.test(name)
}

function patternOf(name: string): string {
  if (/^[\p{L}\p{N}_*]+(?:[./-][\p{L}\p{N}_*]+)*$/u.test(name)) return `trace.has(${name}) without quotes`
  const [, start, end] = /^([^*]*)\*([^*]*)$/.exec(name) ?? []
  if (end === '' && start !== undefined) return `any.where(span.name starts with ${quoted(start)})`
  if (start === '' && end !== undefined) return `any.where(span.name ends with ${quoted(end)})`
  const pattern = name
    .split('*')
    .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('.*')
  return `any.where(span.name matches ${quoted(`^${pattern}$`)})`
}
