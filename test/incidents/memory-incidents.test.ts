import { describe } from 'vitest'
import { atOnce, oneByOne, type SlowSteps } from '../../shared/incidents/store-steps.ts'
import { incidentStoreContract } from './incident-contract.ts'
import { MemoryIncidents } from './memory-incidents.ts'

describe.each([true, false])('incidents in memory, atomic: %s', (atomic) => {
  incidentStoreContract(async () => {
    const store = new MemoryIncidents()
    const slow =
      (name: keyof SlowSteps) =>
      async (...parameters: unknown[]) =>
        (store[name] as (...values: readonly unknown[]) => unknown).apply(store, parameters)
    const steps = new Proxy({}, { get: (_, name) => slow(name as keyof SlowSteps) }) as SlowSteps
    return {
      steps,
      atomic,
      run: async (protocol) => (atomic ? atOnce(protocol, store) : oneByOne(protocol, steps)),
      async exercise(rule, atMs, held, broken = 0) {
        const times = store.exercised.get(rule) ?? []
        const add = (count: number, kept: boolean) => {
          for (let each = 0; each < count; each++) times.push({ atMs, held: kept })
        }
        add(held, true)
        add(broken, false)
        store.exercised.set(
          rule,
          times.sort((a, b) => a.atMs - b.atMs),
        )
      },
    }
  })
})
