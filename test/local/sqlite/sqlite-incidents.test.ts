import { afterEach, describe } from 'vitest'
import { SqliteIncidents } from '../../../local/sqlite/sqlite-incidents.ts'
import type { SlowSteps } from '../../../shared/incidents/store-steps.ts'
import { incidentStoreContract } from '../../incidents/incident-contract.ts'
import { closeDatabases, newDatabase } from './databases.ts'

afterEach(closeDatabases)

describe('incidents in SQLite', () => {
  incidentStoreContract(async () => {
    const store = new SqliteIncidents(newDatabase())
    const slow =
      (name: keyof SlowSteps) =>
      async (...parameters: unknown[]) =>
        (store[name] as (...values: readonly unknown[]) => unknown).apply(store, parameters)
    return {
      steps: new Proxy({}, { get: (_, name) => slow(name as keyof SlowSteps) }) as SlowSteps,
      atomic: true,
      run: (protocol) => store.transact(() => protocol),
      exercise: (rule, atMs, held, broken = 0) =>
        store.addExercise([{ rule, minuteMs: Math.floor(atMs / 60_000) * 60_000, exercised: held + broken, held }]),
    }
  })
})
