/** How a command lists things: for people, as one JSON document, or as a line of JSON each. */
export const LIST_FORMATS = ['pretty', 'json', 'jsonl'] as const
export type ListFormat = (typeof LIST_FORMATS)[number]

/** A list in one of the formats; ends with a line end unless it is empty. */
export function listedAs(format: ListFormat, items: readonly unknown[], pretty: () => readonly string[]): string {
  if (format === 'json') return `${JSON.stringify(items, null, 2)}\n`
  const lines = format === 'jsonl' ? items.map((item) => JSON.stringify(item)) : pretty()
  return lines.map((line) => `${line}\n`).join('')
}
