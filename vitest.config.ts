import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SlowFirst } from './test/slow-first.ts'

/**
 * Files that get a process of their own. The first two replace modules, the third looks at all that a process writes. In the
 * last, a request of 4.4 MB meets the real time-out of a client, 4 s: in a process with a large heap it took up to four times as long.
 */
const ALONE = [
  'test/aws/keys/api-keys.test.ts',
  'test/local/server/api-keys.test.ts',
  'test/text/exits/functions.test.ts',
  'test/lambdas/ingest.test.ts',
]

/** They load the functions again for each test. Only Vitest's own loader can do that. */
const RELOADING = ['test/lambdas/**/*.test.ts', 'test/cli/stack/**/*.test.ts']

/** To start a process and to load the sources in it takes longer than most files take. */
const SHARED = { isolate: false, setupFiles: ['test/setup.ts'] }

// Every process that a test starts, and every worker, loads the sources: Node keeps what it compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node')

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 30_000,
    // All cores: left alone, one is kept free, which of two is half.
    maxWorkers: '100%',
    sequence: { sequencer: SlowFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      { extends: true, test: { ...SHARED, name: 'reloading', include: RELOADING, exclude: ALONE } },
      {
        extends: true,
        test: {
          ...SHARED,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...RELOADING],
          // Node loads the sources itself: in Vitest's loader each use of an import is a look-up, a third of the work of a hot loop.
          experimental: { viteModuleRunner: false },
        },
      },
    ],
  },
})
