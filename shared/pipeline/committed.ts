import type { CommittedVerdict } from './ports.ts'

/** A verdict that was read back, without what else came with it: a lease in it would be one that nobody can end. */
export function verdictIn({ seen, verdicts, filing, truncated, signals }: Omit<CommittedVerdict, 'pending'>) {
  return { seen, verdicts, truncated, signals, ...(filing !== undefined && { filing }) }
}
