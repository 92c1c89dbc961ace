import { RENAMED_ATTRIBUTES, type RenamedAttributes } from './renamed-attributes.ts'

/** Another name of an attribute, and when it means the same. */
export interface OtherName {
  readonly key: string
  /** A bit for each OTLP span kind on which it means the same; undefined on all. */
  readonly kinds: number | undefined
  /** Keys that the span itself has to carry as well; then the name is not looked for on its resource or events. */
  readonly beside: readonly string[]
  readonly reads: RenamedAttributes['reads']
}

/** The names that one attribute is read under. */
export interface AttributeNames {
  readonly key: string
  /** Looked up in this order where the key is absent. */
  readonly others: readonly OtherName[]
}

const NO_OTHERS: readonly OtherName[] = []

const OTHERS_BY_KEY = othersByKey()

/** An attribute by all its names; by its key alone if `exact`. */
export function namesOf(key: string, exact: boolean | undefined): AttributeNames {
  return { key, others: exact === true ? NO_OTHERS : (OTHERS_BY_KEY.get(key) ?? NO_OTHERS) }
}

/** The names under which a resource is read: those that depend on no span. */
export function namesOnResource(key: string, exact: boolean | undefined): AttributeNames {
  const { others } = namesOf(key, exact)
  return { key, others: others.filter(({ kinds, beside }) => kinds === undefined && beside.length === 0) }
}

function othersByKey(): ReadonlyMap<string, readonly OtherName[]> {
  const found = new Map<string, OtherName[]>()
  for (const renamed of RENAMED_ATTRIBUTES) {
    for (const row of renamed.rows ?? []) for (const key of row) addOthers(found, key, row, renamed)
    for (const [key, ...older] of renamed.narrower ?? []) addOthers(found, key, older, renamed)
  }
  return found
}

function addOthers(found: Map<string, OtherName[]>, of: string, keys: readonly string[], renamed: RenamedAttributes) {
  const { beside = [], reads } = renamed
  const kinds = renamed.kinds?.reduce((bits, kind) => bits | (1 << kind), 0)
  const others = found.get(of) ?? []
  for (const key of keys) if (key !== of) others.push({ key, kinds, beside, reads })
  found.set(of, others)
}
