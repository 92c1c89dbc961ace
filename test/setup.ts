import { afterAll, vi } from 'vitest'
import { restoreEnvironment } from './environment.ts'

// Test files share a process, one after the other: each leaves the environment and the clock as it found them.
const before = { ...process.env }
const folder = process.cwd()
afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  restoreEnvironment(before)
  process.chdir(folder)
})
