/** A number of the command line that has to be over 0. */
export function positive(text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`expected a number over 0, got "${text}"`)
  return number
}
