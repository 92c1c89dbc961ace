import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'
import { TARGETS } from './targets.ts'

/** Seeded and few: `npm run fuzz` runs as many as there is time for. */
const CASES: Readonly<Record<string, number>> = {
  grammar: 60,
  packs: 12,
  'rule-tests': 40,
  regexes: 150,
  'otlp-protobuf': 40,
  'otlp-json': 25,
  http: 30,
  parquet: 12,
  events: 150,
  receiver: 6,
  notify: 40,
  files: 40,
  exported: 150,
  exits: 16,
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
