import { type Catalogue, RANGE_LIMITS, type ValueType } from '../../shared/catalogue/catalogue.ts'
import { newCatalogue, noteAttribute, noteResourceAttribute, noteSpans } from '../../shared/catalogue/grow.ts'

type Keys = Readonly<Record<string, ValueType | readonly ValueType[]>>

/** A catalogue of spans of these names, as many of each, which carry these keys. */
export function sampled(names: Readonly<Record<string, Keys>>, spans = 1, resource: Keys = {}): Catalogue {
  const catalogue = newCatalogue(RANGE_LIMITS)
  const each = (keys: Keys, note: (key: string, type: ValueType) => unknown) => {
    for (const [key, types] of Object.entries(keys)) for (const type of [types].flat()) note(key, type as ValueType)
  }
  for (const [name, keys] of Object.entries(names)) {
    const seen = noteSpans(catalogue, name, 'shop', 1, spans)
    each(keys, (key, type) => noteAttribute(catalogue, seen, key, type, spans))
  }
  each(resource, (key, type) => noteResourceAttribute(catalogue, key, type, spans))
  return catalogue
}
