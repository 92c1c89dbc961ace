import { InputError } from '../errors.ts'
import { nearest } from '../rules/read/suggest.ts'
import { webLink } from './text/web-link.ts'
import { LINK_PRESETS, type LinkFields, type LinkPreset } from './trace-link-presets.ts'

type LinkErrorCode =
  | 'unknown-preset'
  | 'unknown-link-field'
  | 'unknown-link-setting'
  | 'missing-link-setting'
  | 'bad-link'

/**
 * `links.trace` of notify.yaml: a template such as `https://a.example/{traceId}`, or settings by name: `template`, or
 * `preset` with what it needs; `http: true` allows links without TLS to other machines.
 */
export type TraceLinkSetting = string | Readonly<Record<string, string | boolean>>

/** The trace that a link leads to. */
interface LinkedTrace {
  readonly traceId: string
  readonly spanId?: string
  readonly startMs: number
  readonly endMs: number
}

/** Makes the link of a trace; undefined where the trace has no value for a field that the link needs. */
export type TraceLink = (trace: LinkedTrace) => string | undefined

/** Reads `links.trace`; throws an InputError that says what to write. */
export function traceLink(setting: TraceLinkSetting): TraceLink {
  const { template, preset, http = false, ...settings } = typeof setting === 'string' ? { template: setting } : setting
  if (typeof http !== 'boolean')
    throw linkError('bad-link', 'http is not true or false', 'write http: true, or leave it out')
  if (typeof template === 'string' && preset === undefined) {
    checkSettings(settings, { needs: [] }, 'a template')
    return linkOf(template, http)
  }
  if (typeof preset !== 'string' || template !== undefined) {
    throw linkError('missing-link-setting', 'links.trace has neither a template nor a preset, or both', HINT)
  }
  const known = Object.hasOwn(LINK_PRESETS, preset) ? LINK_PRESETS[preset] : undefined
  if (known === undefined) throw unknown('unknown-preset', `the preset ${preset}`, preset, Object.keys(LINK_PRESETS))
  const checked = checkSettings(settings, known, `the preset ${preset}`)
  const [withSpan, withoutSpan] = [true, false].map((span) => linkOf(known.template(checked, span), http))
  return (trace) => (trace.spanId === undefined || trace.spanId === '' ? withoutSpan : withSpan)?.(trace)
}

const HINT = 'write trace: "https://…/{traceId}", or trace: { preset: jaeger, base: "https://jaeger.example" }'

function checkSettings(
  settings: Readonly<Record<string, string | boolean>>,
  { needs, defaults = {} }: Pick<LinkPreset, 'needs' | 'defaults'>,
  of: string,
): Readonly<Record<string, string>> {
  const names = [...needs, ...Object.keys(defaults)]
  for (const name of Object.keys(settings)) {
    if (!names.includes(name)) throw unknown('unknown-link-setting', `${name} of ${of}`, name, names)
  }
  const values = names.map((name) => {
    const value = settings[name] ?? defaults[name]
    if (typeof value === 'string' && value !== '') return [name, value] as const
    throw linkError('missing-link-setting', `${of} lacks ${name}`, `write ${name}: beside preset:`)
  })
  return Object.fromEntries(values)
}

/** Pages that show a range of time look for the trace a little before and after it, too. */
const AROUND_MS = 300_000

/** The fields of templates. */
const FIELDS: LinkFields<(trace: LinkedTrace) => string> = {
  traceId: ({ traceId }) => traceId,
  spanId: ({ spanId = '' }) => spanId,
  startMs: ({ startMs }) => whole(startMs),
  endMs: ({ endMs }) => whole(endMs),
  startS: ({ startMs }) => whole(startMs / 1000),
  endS: ({ endMs }) => whole(Math.ceil(endMs / 1000)),
  fromMs: ({ startMs }) => whole(startMs - AROUND_MS),
  toMs: ({ endMs }) => whole(endMs + AROUND_MS),
  xrayId: ({ traceId }) => (traceId === '' ? '' : `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`),
  spanIdDecimal: ({ spanId = '' }) => (/^[\da-f]{1,16}$/i.test(spanId) ? BigInt(`0x${spanId}`).toString() : ''),
}

function whole(value: number): string {
  return Number.isFinite(value) ? BigInt(Math.floor(value)).toString() : ''
}

/** A field, and the name of the parameter if the field is its whole value. */
const FIELD = /(?<parameter>[?&][\w.-]+=)?\{(?<name>\w*)\}/g

function linkOf(template: string, http: boolean): TraceLink {
  for (const { groups: { name = '' } = {} } of template.matchAll(FIELD)) {
    if (!Object.hasOwn(FIELDS, name)) throw unknown('unknown-link-field', `{${name}}`, name, Object.keys(FIELDS))
  }
  checkAddress(template, http)
  return (trace) => {
    let isWhole = true
    const link = template.replace(FIELD, (_, parameter: string | undefined, name: keyof typeof FIELDS) => {
      const value = FIELDS[name](trace)
      if (value !== '') return `${parameter ?? ''}${encodeURIComponent(value.toWellFormed())}`
      // Only a parameter can be left out of an address.
      isWhole &&= parameter !== undefined
      return parameter?.startsWith('?') ? '?' : ''
    })
    return isWhole ? webLink(link.replace('?&', '?').replace(/\?$/, '')) : undefined
  }
}

const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])$/

function checkAddress(template: string, http: boolean): void {
  const address = template.replace(FIELD, (_, parameter = '') => `${parameter}0`)
  const host = /^[a-z]+:\/\/[^/?#]*/i.exec(template)?.[0] ?? ''
  const url = webLink(address) === undefined ? null : URL.parse(address)
  if (url === null || host.includes('{')) {
    const hint =
      'write a URL such as "https://jaeger.example/trace/{traceId}"; a field can follow its host, and be no part of it'
    throw linkError('bad-link', `${JSON.stringify(template)} is not the address of a page`, hint)
  }
  if (url.protocol === 'https:' || http || LOCAL.test(url.hostname)) return
  throw linkError('bad-link', `${url.origin} is not https`, 'write https:, or add http: true to links.trace')
}

function unknown(code: LinkErrorCode, what: string, written: string, names: readonly string[]) {
  const meant = nearest(written, names)
  const known = names.length === 0 ? 'leave it out' : `use ${names.join(', ')}`
  return linkError(code, `${what} is not known`, meant === undefined ? known : `did you mean ${meant}?`)
}

function linkError(code: LinkErrorCode, message: string, hint: string): InputError<LinkErrorCode> {
  return new InputError({ code, message, hint })
}
