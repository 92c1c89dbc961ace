import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 30_000,
    // All cores: left alone, one is kept free, which of two is half.
    maxWorkers: '100%',
  },
})
