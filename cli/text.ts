/** `1 rule`, `2 rules`, `12,000 rules`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Digits in groups of three. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
