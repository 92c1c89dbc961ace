/** The OTLP/JSON form of what the oracle encodes: ids as hex, other bytes as base64, numbers JSON lacks as text. */
export function jsonForm(value: unknown, key = ''): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString(/Id$/.test(key) ? 'hex' : 'base64')
  if (Array.isArray(value)) return value.map((item) => jsonForm(item))
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : numberAsText(value)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonForm(inner, name)]))
}

const numberAsText = (value: number) => (Object.is(value, -0) ? '-0' : String(value))
