import type { RowGroup } from './row-group.ts'

/** What the rows of a dictionary column mean; each entry is made out once. */
export interface Meanings<Value> {
  of(row: number): Value
}

/** Reads a dictionary column of texts or bytes by what its entries mean; `mean(undefined)` is a row without a value. */
export function meanings<Value>(
  group: RowGroup,
  column: string,
  mean: (entry: Buffer | undefined) => Value,
): Meanings<Value> {
  let codes: Int32Array | undefined
  let absent: Value
  let known: Value[] = []
  return {
    of(row) {
      if (codes === undefined) {
        const decoded = group.dictionary(column)
        known = decoded.entries.map(mean)
        absent = mean(undefined)
        codes = decoded.codes
      }
      const code = codes[row] as number
      return code < 0 ? absent : (known[code] as Value)
    },
  }
}
