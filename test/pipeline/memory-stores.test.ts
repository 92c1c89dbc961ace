import { signalStoreContract } from './contract/signal-store.ts'
import { timersContract } from './contract/timers.ts'
import { traceBufferContract } from './contract/trace-buffer.ts'
import { MemoryBuffer, MemorySignals, MemoryTimers } from './memory-stores.ts'

traceBufferContract('in memory', () => new MemoryBuffer())

timersContract('in memory', () => {
  const timers = new MemoryTimers()
  return { timers, waiting: async () => timers.armed, buried: async () => timers.buried, nowMs: 1_764_000_000_000 }
})

signalStoreContract('in memory', () => {
  const store = new MemorySignals()
  return { store, stored: async () => store.recorded }
})
