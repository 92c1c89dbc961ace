import { type DeliveryId, type DeliveryRow, newDelivery, revived } from '../../../shared/incidents/delivery.ts'
import type { Mutant } from './mutants.ts'

/** What receivers were notified, in memory. */
export class ModelRows {
  private readonly rows = new Map<string, DeliveryRow>()
  private readonly mutant: Mutant | undefined

  constructor(mutant: Mutant | undefined) {
    this.mutant = mutant
  }

  all(): readonly DeliveryRow[] {
    return [...this.rows.values()]
  }

  get(id: DeliveryId): DeliveryRow | undefined {
    return this.rows.get(rowKey(id))
  }

  /** Asks for a receiver to be notified of an episode, unless somebody did. */
  ask(id: DeliveryId, nowMs: number): void {
    if (this.get(id) === undefined) this.rows.set(rowKey(id), newDelivery({ updates: true, ended: true }, nowMs))
  }

  read(id: DeliveryId, nowMs: number): DeliveryRow | undefined {
    const row = this.get(id)
    if (row === undefined) return undefined
    const forgets = this.mutant === 'no-lease' || (this.mutant === 'no-doubt' && row.leaseUntilMs <= nowMs)
    return forgets ? { ...row, leaseUntilMs: 0 } : row
  }

  write(id: DeliveryId, row: DeliveryRow): boolean {
    if (this.mutant !== 'no-lease' && (this.get(id)?.version ?? 0) !== row.version - 1) return false
    const { doing: _, ...finished } = row
    this.rows.set(rowKey(id), this.mutant === 'no-finish' && row.doing === 'resolve' ? finished : row)
    return true
  }

  notifiedSince(receiver: string, sinceMs: number): number {
    const own = [...this.rows].filter(([id]) => id.endsWith(` ${receiver}`)).map(([, row]) => row)
    return own.filter((row) => row.notified !== 'none' && !row.flooded && (row.notifiedAtMs ?? 0) >= sinceMs).length
  }

  /** The server that was at work on them starts again. */
  revive(nowMs: number): void {
    for (const [id, row] of this.rows) this.rows.set(id, revived(row, nowMs))
  }
}

function rowKey({ key, episode, receiver }: DeliveryId): string {
  return `${key}.${episode} ${receiver}`
}
