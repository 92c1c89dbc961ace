const LEVELS = '▁▂▃▄▅▆▇█'
const NOTHING = '·'

/** Counts as one mark each, by the most of them; `·` is 0. */
export function sparkline(counts: readonly number[]): string {
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0)
  return counts.map((count) => (count === 0 ? NOTHING : LEVELS[Math.ceil((count * LEVELS.length) / most) - 1])).join('')
}
