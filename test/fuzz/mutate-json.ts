import type { Random } from '../pipeline/model/random.ts'

/** Values for places where something else is expected. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 53,
  1e308,
  '',
  ' ',
  'a',
  '5',
  '-1',
  '1e3',
  '9223372036854775808',
  '18446744073709551615',
  '\0\u001b[31m',
  '\ud800',
  'x'.repeat(5000),
  'SPAN_KIND_SERVER',
  'constructor',
  'toString',
  'W4jv95gDgQPSabYzgT/GDA==',
  '00'.repeat(16),
  [],
  {},
  [[]],
  [null],
  { stringValue: 1 },
  { arrayValue: { values: [null, {}] } },
  { kvlistValue: { values: [null, {}] } },
  { kvlistValue: {} },
  { intValue: '1', stringValue: 'a' },
]

const ODD_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'resource_spans',
  'trace_id',
  '',
  '\0',
  'x'.repeat(2000),
  'length',
]

interface Slot {
  readonly holder: Record<string, unknown> | unknown[]
  readonly key: string | number
}

/** The JSON with one to four of its values or keys changed, left out, repeated or put elsewhere. */
export function changedJson(random: Random, text: string): string {
  let root: unknown = JSON.parse(text)
  for (let left = random.between(1, 4); left > 0; left--) {
    const slots = slotsOf(root)
    if (slots.length === 0 || random.chance(0.02)) root = random.pick(ODD_VALUES)
    else change(random, random.pick(slots), slots)
  }
  return spelled(random, JSON.stringify(root))
}

function slotsOf(value: unknown): Slot[] {
  const slots: Slot[] = []
  const open = [value]
  while (open.length > 0) {
    const holder = open.pop()
    if (typeof holder !== 'object' || holder === null) continue
    for (const key of Object.keys(holder)) {
      slots.push({ holder: holder as Record<string, unknown>, key })
      open.push((holder as Record<string, unknown>)[key])
    }
  }
  return slots
}

function change(random: Random, { holder, key }: Slot, slots: readonly Slot[]): void {
  const values = holder as Record<string | number, unknown>
  switch (random.between(0, 5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete values[key]
      return
    case 1: {
      const other = random.pick(slots)
      // A copy: what holds itself has no JSON.
      values[key] = structuredClone((other.holder as Record<string | number, unknown>)[other.key])
      return
    }
    case 2: {
      const name = random.pick(ODD_KEYS)
      if (Array.isArray(holder)) holder.push(structuredClone(values[key]))
      else
        Object.defineProperty(holder, name, {
          value: values[key],
          enumerable: true,
          configurable: true,
          writable: true,
        })
      return
    }
    case 3:
      values[key] = [values[key]]
      return
    default:
      values[key] = structuredClone(random.pick(ODD_VALUES))
  }
}

/** Sometimes as other writers spell it: white space, escapes, keys that stand twice, integers without quotes. */
function spelled(random: Random, text: string): string {
  if (random.chance(0.1)) return text.replace(/[{},:]/g, (mark) => `${mark} \r\n\t`)
  if (random.chance(0.1)) return text.replace(/"(-?\d{5,})"/g, '$1')
  if (random.chance(0.05))
    return text.replace(/"([a-z])/g, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`)
  if (random.chance(0.05)) return text.replace(/\{"([a-zA-Z]+)":/g, '{"$1":null,"$1":')
  return random.chance(0.03) ? `\uFEFF${text}` : text
}
