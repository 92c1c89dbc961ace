import type { CheckedRule, NamePattern } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { type Arm, type Need, needsOf } from './needs.ts'

/** An attribute that a rule needs and that no span it was asked of carries. As JSON without change. */
export interface AbsentAttribute {
  /** As the rule writes it. */
  readonly attribute: string
  /** The name of the spans it was asked of, as the rule writes it; `any` for all. */
  readonly spans: string
  /** The name of the events that were asked, where the rule reads it on events. */
  readonly event?: string
  /** How many spans, or events, were asked. */
  readonly asked: number
  /** The key they carry that was probably meant; null where none is near. */
  readonly nearest: string | null
}

/** What is known of one attribute that the rule needs. */
export interface SeenNeed {
  readonly asked: number
  readonly found: boolean
  readonly keys: Iterable<string>
}

/** The attributes that the rule asked for and never found; `seen` by place of the need. */
export function absentAttributes(body: CheckedRule['body'], seen: readonly SeenNeed[]): readonly AbsentAttribute[] {
  if (!seen.some(isAbsent)) return []
  const byText = new Map<string, AbsentAttribute>()
  for (const { need, known } of absentNeeds(needsOf(body), seen)) {
    const made = absentAttribute(need, known)
    const key = JSON.stringify([made.attribute, made.spans, made.event])
    if (made.asked > (byText.get(key)?.asked ?? 0)) byText.set(key, made)
  }
  return [...byText.values()]
}

/** Needs that were asked for and never found, unless another arm of their alternatives was; `seen` by place of the need. */
export function absentNeeds(
  all: readonly Need[],
  seen: readonly SeenNeed[],
): readonly { readonly need: Need; readonly known: SeenNeed }[] {
  if (!seen.some(isAbsent)) return []
  const needs = all.flatMap((need, place) => {
    const known = seen[place]
    return known === undefined ? [] : [{ need, known }]
  })
  return needs.filter(({ need, known }) => isAbsent(known) && !need.arms.some((arm) => isDispensable(arm, needs)))
}

/**
 * The same needs with as few keys as the same answer takes: of an attribute that was not found only the key that was
 * probably meant. Needs of several hours, so narrowed, add up to the nearest key of all.
 */
export function narrowedNeeds<Seen extends SeenNeed>(
  body: CheckedRule['body'],
  seen: readonly Seen[],
): readonly (Pick<Seen, 'asked' | 'found'> & { readonly keys: readonly string[] })[] {
  if (seen.length === 0) return []
  const needs = needsOf(body)
  return seen.map(({ asked, found, keys }, place) => {
    const { attribute } = needs[place] ?? {}
    const key = found || attribute === undefined ? undefined : nearestKey(attribute.key, [...keys])
    return { asked, found, keys: key === undefined ? [] : [key] }
  })
}

function isAbsent({ asked, found }: SeenNeed): boolean {
  return asked > 0 && !found
}

/** Whether another arm of the same alternatives found all that it needs. */
function isDispensable({ alternatives, arm }: Arm, needs: readonly { need: Need; known: SeenNeed }[]): boolean {
  const others = new Map<number, SeenNeed[]>()
  for (const { need, known } of needs) {
    const other = need.arms.find((each) => each.alternatives === alternatives)?.arm
    if (other !== undefined && other !== arm) others.set(other, [...(others.get(other) ?? []), known])
  }
  return [...others.values()].some((found) => found.every((known) => known.found))
}

function absentAttribute({ attribute, spans, event }: Need, { asked, keys }: SeenNeed): AbsentAttribute {
  const { key, from } = attribute
  return {
    attribute: from === 'resource' ? `resource.${key}` : key,
    spans: nameOf(spans.name),
    ...(event !== undefined && { event: nameOf(event) }),
    asked,
    nearest: nearestKey(key, [...keys]) ?? null,
  }
}

function nameOf(name: NamePattern): string {
  switch (name.kind) {
    case 'exact':
      return name.name
    case 'glob':
      return name.pattern
    case 'any':
      return 'any'
  }
}

/** The key that was probably meant: spelt alike but for `_`, `.` and capitals, else with a prefix more or less, else nearly so. */
export function nearestKey(key: string, keys: readonly string[]): string | undefined {
  const sorted = keys.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
  const own = wordsOf(key)
  return (
    sorted.find((other) => wordsOf(other).join('') === own.join('')) ??
    sorted.find((other) => isPartOf(own, wordsOf(other)) || isPartOf(wordsOf(other), own)) ??
    nearest(
      key,
      sorted.filter((other) => isNearByPart(key.split('.'), other.split('.'))),
    )
  )
}

/** `order.id` is part of `app.order.id`; a short word such as `id` alone would be part of too many. */
function isPartOf(words: readonly string[], longer: readonly string[]): boolean {
  if (words.join('').length < 4 || longer.length <= words.length) return false
  return `.${longer.join('.')}.`.includes(`.${words.join('.')}.`)
}

/** Each part of a key is near to what was meant: `gen_ai.operation.name` is not `db.operation.name`. */
function isNearByPart(parts: readonly string[], others: readonly string[]): boolean {
  const isNear = (part: string, place: number) => {
    const other = others[place] as string
    return part === other || nearest(part, [other]) !== undefined
  }
  return parts.length !== others.length || parts.every(isNear)
}

function wordsOf(key: string): readonly string[] {
  return key
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1.$2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
}
