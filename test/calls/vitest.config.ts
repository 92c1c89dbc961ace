import { defineConfig } from 'vitest/config'

/** `npm run test:calls`: what functions call, held against what their roles grant; kept out of `npm test` for its time. */
export default defineConfig({
  test: {
    include: ['test/calls/*.calls.ts'],
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
})
