import { expect, test } from 'vitest'
import { connectionLimits, newConnections } from '../../../local/server/open-files.ts'
import { runtimeSettings } from '../../../local/settings.ts'

const settings = runtimeSettings({})

test('where the system allows enough files, a server takes as many connections as it is set to', () => {
  for (const openFiles of [undefined, 10_328, 1_048_576]) {
    const { limits, advice } = connectionLimits(settings, openFiles)
    expect([limits.maxConnections, limits.reserved, advice]).toEqual([10_000, 200, undefined])
  }
})

test.each([
  [10_327, 9_999],
  [1_024, 793],
  [256, 102],
  [10, 16],
])('where it allows %i, a server takes %i and says at the start what to do', (openFiles, taken) => {
  const logged: string[] = []
  const connections = newConnections(settings, (level, message) => void logged.push(`${level} ${message}`), openFiles)
  expect(connections.state().max).toBe(taken)
  expect(logged).toEqual([
    expect.stringMatching(
      new RegExp(`^warn .* ${openFiles} files.* ${taken} .* 10328 .*ulimit -n.*--max-connections$`),
    ),
  ])
})

test('a server that is set to take few needs few files', () => {
  const { advice } = connectionLimits(runtimeSettings({ maxConnections: 100 }), 1_024)
  expect(advice).toBeUndefined()
})
