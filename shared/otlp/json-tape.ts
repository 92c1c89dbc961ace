/**
 * JSON text and a table of its values: four integers a value, where JSON.parse makes objects. A body thus costs 16 bytes
 * a value beside its own. An index into the table names a value; 0 names no value.
 */
export interface JsonTape {
  readonly bytes: Buffer
  readonly table: Int32Array
}

export const OBJECT = 1
export const ARRAY = 2
/** A string as it is meant, without escapes. */
export const STRING = 3
export const ESCAPED_STRING = 4
/** A number without fraction and exponent. */
export const INTEGER = 5
export const NUMBER = 6
export const TRUE = 7
export const FALSE = 8
export const NULL = 9

/** Columns of the table: where the content of a scalar starts and ends; of an object or array its last child … */
export const START = 0
export const END = 1
/** … and how to go from the last child to those before it. */
export const PREVIOUS = 2
export const KIND_AND_FIELD = 3
export const TAPE_COLUMNS = 4
/** The whole text; the first row of the table is left empty, since 0 names no value. */
export const ROOT = 4

export function kindOnTape({ table }: JsonTape, at: number): number {
  return (table[at + KIND_AND_FIELD] as number) & 0xff
}

/** The field of OTLP that the key of this member names, `NO_FIELD` for an element, `UNKNOWN_FIELD` for other keys. */
export function fieldOf({ table }: JsonTape, at: number): number {
  return (table[at + KIND_AND_FIELD] as number) >> 8
}

/** Where the content of a string or number starts; a string's without its quotes. */
export function startOnTape({ table }: JsonTape, at: number): number {
  return table[at + START] as number
}

export function endOf({ table }: JsonTape, at: number): number {
  return table[at + END] as number
}

/** The last element or member of an array or object, 0 for an empty one. */
export function lastChildOf({ table }: JsonTape, at: number): number {
  return table[at + END] as number
}

/** The element or member before this one, 0 where it is the first. */
export function previousOf({ table }: JsonTape, at: number): number {
  return table[at + PREVIOUS] as number
}

/** The member of this field, the last one where the key is repeated, as in JSON.parse; 0 where the field is absent. */
export function memberOf({ table }: JsonTape, object: number, field: number): number {
  let at = table[object + END] as number
  while (at !== 0 && (table[at + KIND_AND_FIELD] as number) >> 8 !== field) at = table[at + PREVIOUS] as number
  return at
}
