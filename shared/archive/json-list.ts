/** JSON values on their way into one text. */
export interface JsonList {
  count: number
  /** Texts of many values each. */
  readonly texts: string[]
  /** Values of the next one. */
  last: string[]
}

/** Values joined at a time: a span may have a million, and an object for each until the end takes three times their text. */
const JOINED = 256

export function newJsonList(): JsonList {
  return { count: 0, texts: [], last: [] }
}

export function addJson(list: JsonList, value: string): void {
  list.count++
  list.last.push(value)
  if (list.last.length < JOINED) return
  list.texts.push(list.last.join(','))
  list.last = []
}

/** All values, with commas between. */
export function joinedJson({ texts, last }: JsonList): string {
  return (last.length === 0 ? texts : [...texts, last.join(',')]).join(',')
}
