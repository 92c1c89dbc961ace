import { afterEach } from 'vitest'
import { SqliteBuffer } from '../../../local/sqlite/sqlite-buffer.ts'
import { SqliteExperiments } from '../../../local/sqlite/sqlite-experiments.ts'
import { SqliteSignals } from '../../../local/sqlite/sqlite-signals.ts'
import { SqliteTimers } from '../../../local/sqlite/sqlite-timers.ts'
import type { Timer } from '../../../shared/pipeline/ports.ts'
import { experimentStoreContract } from '../../pipeline/contract/experiment-store.ts'
import { firingContract } from '../../pipeline/contract/firing.ts'
import { signalStoreContract } from '../../pipeline/contract/signal-store.ts'
import { timersContract } from '../../pipeline/contract/timers.ts'
import { traceBufferContract } from '../../pipeline/contract/trace-buffer.ts'
import { closeDatabases, newDatabase } from './databases.ts'

const NOW_MS = 1_764_000_000_000

afterEach(closeDatabases)

traceBufferContract('SQLite', () => new SqliteBuffer(newDatabase(), () => NOW_MS, 5_000))

experimentStoreContract('SQLite', () => new SqliteExperiments(newDatabase()))

firingContract('SQLite', () => new SqliteSignals(newDatabase()))

timersContract('SQLite', () => {
  const database = newDatabase()
  const timers = new SqliteTimers(database, () => NOW_MS)
  const read = (table: string) =>
    database.all(`SELECT timer FROM ${table}`).map(({ timer }) => JSON.parse(String(timer)) as Timer)
  return { timers, waiting: async () => read('timers'), buried: async () => read('buried_timers'), nowMs: NOW_MS }
})

signalStoreContract('SQLite', () => {
  const store = new SqliteSignals(newDatabase())
  return { store, stored: async () => store.find({}) }
})
