import type { CommittedJudgement } from './ports.ts'

/** A verdict that was read back, without what else came with it: a lease in it would be one that nobody can end. */
export function judgementIn(judgement: Omit<CommittedJudgement, 'pending'>) {
  const { seen, verdicts, filing, truncated, signals, waiting } = judgement
  return {
    seen,
    verdicts,
    truncated,
    signals,
    ...(filing !== undefined && { filing }),
    ...(waiting !== undefined && { waiting }),
  }
}
