import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'
import { TARGETS } from './targets.ts'

/** Seeded and few: `npm run fuzz` runs as many as there is time for. */
const CASES: Readonly<Record<string, number>> = {
  grammar: 150,
  packs: 40,
  'rule-tests': 80,
  'otlp-protobuf': 60,
  'otlp-json': 30,
  http: 40,
  parquet: 30,
  events: 150,
  receiver: 8,
}

test.each(TARGETS.map((target) => [target.name, target] as const))(
  'random %s holds what is promised',
  async (name, target) => {
    const opened = await target.open()
    try {
      const { findings } = await fuzz(opened, {
        seed: 1,
        first: 0,
        cases: CASES[name] ?? 0,
        isOver: () => false,
        shrinkMs: 1_000,
      })
      expect(findings.map(({ case: index, message }) => `case ${index}: ${message}`)).toEqual([])
    } finally {
      await opened.close?.()
    }
  },
)
