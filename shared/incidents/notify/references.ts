import type { Scalar } from 'yaml'
import type { SourceRange } from '../../errors.ts'
import { rangeIn } from '../../rules/read/source.ts'
import { offsetsOfScalar } from '../../rules/read/yaml-offsets.ts'
import type { NotifyFile } from './problem.ts'

/** Where values come from that are not written into the file. */
export interface References {
  /** A variable of the environment. */
  env(name: string): string | undefined
  /** The text of a file; rejects where it cannot be read. */
  file(path: string): Promise<string>
  /** A secret of AWS Secrets Manager, or a field of its JSON; left out on machines without access to AWS. Rejects where the secret is missing. */
  secret?(name: string, field: string | undefined): Promise<string>
}

/** `${NAME}`, `${file:/path}`, `${secret:name}`, `${secret:name/field}`. */
type Reference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'secret'; readonly name: string; readonly field: string | undefined }

/** How references are written, for hints. */
export const WAYS = ['NAME', 'file:/path', 'secret:name', 'secret:name/field'].map((inside) => `\${${inside}}`)

/** The values of references by how they are written. */
export type Resolved = ReadonlyMap<string, string>

/** A reference as written, with `$${` for a text that only looks like one. */
const WRITTEN = /\$\$\{|\$\{([^}]*)\}?/g

/** Whether a text holds a reference, good or bad. */
export function hasReference(text: string): boolean {
  return [...text.matchAll(WRITTEN)].some(([, inside]) => inside !== undefined)
}

/** Puts values in the place of references; what has none stays as it is written. */
export function expanded(text: string, resolved: Resolved): string {
  return text.replace(WRITTEN, (written, inside) => (inside === undefined ? '${' : (resolved.get(written) ?? written)))
}

/**
 * Looks up every reference of some scalars, each once, all at the same time. What is malformed, unset or empty is
 * reported: a receiver without its key would fail when it is needed. Without `references` nothing is looked up.
 */
export async function resolveReferences(
  file: NotifyFile,
  scalars: readonly Scalar<string>[],
  references: References | undefined,
): Promise<Resolved> {
  const found = scalars.flatMap((scalar) => referencesIn(file, scalar))
  if (references === undefined) return new Map()
  const byText = Map.groupBy(found, ({ written }) => written)
  const resolved = new Map<string, string>()
  await Promise.all(
    [...byText].map(async ([written, places]) => {
      const value = await referredValue(places[0]?.reference as Reference, references)
      if (typeof value === 'string') resolved.set(written, value)
      else for (const { range } of places) file.report({ ...value, range })
    }),
  )
  return resolved
}

interface PlacedReference {
  readonly written: string
  readonly reference: Reference
  readonly range: SourceRange
}

/** The references of a scalar; those that are not well formed are reported. */
export function referencesIn({ nodes, report }: NotifyFile, scalar: Scalar<string>): readonly PlacedReference[] {
  const offsets = offsetsOfScalar(nodes.source.text, scalar)
  const last = offsets.at(-1) ?? 0
  const offsetAt = (index: number) => offsets[index] ?? last
  return [...scalar.value.matchAll(WRITTEN)].flatMap(({ 0: written, 1: inside, index }) => {
    if (inside === undefined) return []
    const start = offsetAt(index)
    const range = rangeIn(nodes.source, start, Math.max(offsetAt(index + written.length), start + 1))
    const reference = written.endsWith('}') ? readReference(inside) : undefined
    if (reference !== undefined) return [{ written, reference, range }]
    const hint = `write ${WAYS.join(', ')}; or $\${ for the text itself`
    report({ code: 'malformed-reference', message: 'this is not a reference', hint, range })
    return []
  })
}

function readReference(inside: string): Reference | undefined {
  if (/^[A-Za-z_]\w*$/.test(inside)) return { kind: 'env', name: inside }
  const [, scheme, rest = ''] = /^(file|secret):(\S+)$/.exec(inside) ?? []
  if (scheme === 'file') return { kind: 'file', path: rest }
  if (scheme !== 'secret') return undefined
  // Names of secrets may hold slashes themselves: the field is behind the last one.
  const [, name = rest, field] = /^(.+)\/([^/]*)$/.exec(rest) ?? []
  return { kind: 'secret', name, field: field === '' ? undefined : field }
}

interface Unset {
  readonly code: 'unset-reference'
  readonly message: string
  readonly hint: string
}

async function referredValue(reference: Reference, references: References): Promise<string | Unset> {
  try {
    const value = await lookUp(reference, references)
    if (value !== undefined && value.trim() !== '') return value
    return unset(reference, value === undefined ? 'is not set' : 'is empty')
  } catch (error) {
    return unset(reference, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function lookUp(reference: Reference, { env, file, secret }: References): Promise<string | undefined> {
  switch (reference.kind) {
    case 'env':
      return env(reference.name)
    case 'file':
      // An editor ends a file with a line end, which no key has.
      return (await file(reference.path)).replace(/[\r\n]+$/, '')
    case 'secret':
      if (secret === undefined) throw new Error('secrets of AWS are read on AWS alone')
      return secret(reference.name, reference.field)
  }
}

function unset(reference: Reference, what: string): Unset {
  switch (reference.kind) {
    case 'env': {
      const hint = 'set it where this runs, or name another'
      return { code: 'unset-reference', message: `the variable ${reference.name} ${what}`, hint }
    }
    case 'file': {
      const hint = 'write it, or let this user read it'
      return { code: 'unset-reference', message: `the file ${reference.path} ${what}`, hint }
    }
    case 'secret': {
      const { name, field } = reference
      const named = field === undefined ? name : `${name}, field ${field},`
      const hint = `on a machine of your own use ${WAYS[0]} or ${WAYS[1]}`
      return { code: 'unset-reference', message: `the secret ${named} ${what}`, hint }
    }
  }
}
