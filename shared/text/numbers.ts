/** `1 rule`, `2 rules`, `12,000 rules`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Digits in groups of three; of what another machine sent instead of a number, `NaN`. */
export function grouped(count: number): string {
  return Number(count).toLocaleString('en-US')
}

/** ` 42 %`, or nothing where the whole is not known. */
export function percent(done: number, all: number): string {
  return all === 0 ? '' : ` ${Math.floor((100 * done) / all)} %`
}
