import { defineConfig } from 'vitest/config'

/** `npm run test:aws-local`: needs Java 17 or newer, and so is not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/aws-local/*.aws-local.ts'],
    // Each file starts emulators and functions of its own.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
})
