import { compileRules } from '../shared/rules/compile/compile.ts'
import type { CompiledRules } from '../shared/rules/compile/rule-set.ts'
import { judge } from '../shared/rules/judge/judge.ts'
import { assembleTrace } from '../shared/trace/assemble.ts'
import { referenceOutcome } from '../test/reference/interpreter.ts'
import { seededRandom } from './data/random.ts'
import { denseRules, idleRules, joinRules, relationRules } from './data/rules.ts'
import { cartsTrace, type RecordedTrace, reviewTrace, shopTrace } from './data/traces.ts'
import { once } from './once.ts'
import type { Case, Suite } from './suite.ts'

const seed = 20260101

/** From the bytes of stored chunks to verdicts. */
export const suite: Suite = {
  name: 'judge',
  ownProcesses: true,
  cases: () => [...idleCases(), ...denseCases(), ...mixedCases(), ...scalingCases(), ...joinCases()],
}

/** Rules that have nothing to say must cost nothing: their number may hardly show. */
function idleCases(): readonly Case[] {
  const recorded = someTraces(20)
  const rules = once(() => idleRules(seededRandom(seed), 10_000))
  const idle = (count: number): Case => ({
    ...judging(recorded, () => compileRules(rules().slice(0, count))),
    name: `${count.toLocaleString('en')} idle rules`,
  })
  const against = (atMost: number) => ({ baseline: '10 idle rules', ratio: 'times slower', atMost }) as const
  return [
    assembling(recorded),
    idle(10),
    { ...idle(1000), against: against(1.3) },
    { ...idle(10_000), against: against(1.6) },
  ]
}

/** Rules that all must look at spans, against an interpreter that asks every rule of every span. */
function denseCases(): readonly Case[] {
  const recorded = someTraces(4)
  const rules = once(() => denseRules(seededRandom(seed), 1000))
  const baseline = '1,000 dense rules, interpreted'
  const interpreted: Case = {
    name: baseline,
    ...perSpan(recorded, (trace) => rules().map((rule) => referenceOutcome(rule, trace))),
  }
  const against = { baseline, ratio: 'times faster', atLeast: 3 } as const
  return [interpreted, { ...judging(recorded, () => compileRules(rules())), name: '1,000 dense rules', against }]
}

/** What a large installation has: nearly all rules are about other traces. */
function mixedCases(): readonly Case[] {
  const random = seededRandom(seed)
  const rules = once(() => [...idleRules(random, 9900), ...denseRules(random, 100)])
  const baseline = '10,000 rules, 100 of them dense, interpreted'
  const few = someTraces(2)
  const interpreted: Case = {
    name: baseline,
    ...perSpan(few, (trace) => rules().map((rule) => referenceOutcome(rule, trace))),
  }
  const against = { baseline, ratio: 'times faster', atLeast: 50 } as const
  return [
    interpreted,
    { ...judging(few, () => compileRules(rules())), name: '10,000 rules, 100 of them dense', against },
  ]
}

/** The cost of a span must not grow with the trace. */
function scalingCases(): readonly Case[] {
  const random = seededRandom(seed)
  const set = once(() => compileRules(denseRules(seededRandom(seed), 50)))
  const [small, large] = [shopTrace(random, 100), shopTrace(random, 10_000)]
  const judged = (recorded: RecordedTrace) => judgingAssembled(recorded, set)
  const baseline = '50 dense rules, 100 spans, assembled'
  const related = (recorded: RecordedTrace) => judgingAssembled(recorded, () => compileRules(relationRules()))
  const relations = '5 rules on order and structure, 100 spans, assembled'
  const fromBytes = '50 dense rules, 100 spans, from bytes'
  return [
    { name: baseline, ...judged(small) },
    {
      name: '50 dense rules, 10,000 spans, assembled',
      ...judged(large),
      against: { baseline, ratio: 'times slower', atMost: 1.2 },
    },
    { name: relations, ...related(small) },
    {
      name: '5 rules on order and structure, 10,000 spans, assembled',
      ...related(large),
      against: { baseline: relations, ratio: 'times slower', atMost: 2 },
    },
    { name: fromBytes, ...judging([small], set) },
    {
      name: '50 dense rules, 10,000 spans, from bytes',
      ...judging([large], set),
      against: { baseline: fromBytes, ratio: 'times slower', atMost: 1.2 },
    },
  ]
}

/** Nor may it where spans are joined, on keys of their own or on one that all share. */
function joinCases(): readonly Case[] {
  const set = () => compileRules(joinRules())
  return (['own', 'one'] as const).flatMap((carts) => {
    const name = (spans: string) =>
      `5 rules on two names joined by ${carts === 'own' ? 'distinct keys' : 'one shared key'}, ${spans} spans, assembled`
    const [small, large] = [100, 10_000].map((spans) => cartsTrace(seededRandom(seed), spans, carts))
    return [
      { name: name('100'), ...judgingAssembled(small as RecordedTrace, set) },
      {
        name: name('10,000'),
        ...judgingAssembled(large as RecordedTrace, set),
        against: { baseline: name('100'), ratio: 'times slower', atMost: 2 },
      },
    ]
  })
}

function judgingAssembled(recorded: RecordedTrace, set: () => CompiledRules): Work {
  const ready = once(() => ({ set: set(), trace: assembleTrace(recorded.traceId, [recorded.bytes]) }))
  const run = () => {
    const { set, trace } = ready()
    return judge(set, trace)
  }
  return { run, units: recorded.spanCount, unit: 'span' }
}

/** Reviews and purchases alternate. */
function someTraces(count: number): readonly RecordedTrace[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => (index % 2 === 0 ? reviewTrace(random) : shopTrace(random, 24)))
}

type Work = Pick<Case, 'run' | 'units' | 'unit'>

function assembling(recorded: readonly RecordedTrace[]): Case {
  return { name: 'assembling alone', ...perSpan(recorded, ({ spans }) => spans.length) }
}

function judging(recorded: readonly RecordedTrace[], makeSet: () => CompiledRules): Work {
  const set = once(makeSet)
  return perSpan(recorded, (trace) => judge(set(), trace))
}

/** Assembles every trace from its bytes, so that no attribute is decoded yet, and does something with it. */
function perSpan(recorded: readonly RecordedTrace[], use: (trace: ReturnType<typeof assembleTrace>) => unknown): Work {
  return {
    run: () => recorded.map(({ traceId, bytes }) => use(assembleTrace(traceId, [bytes]))),
    units: recorded.reduce((sum, { spanCount }) => sum + spanCount, 0),
    unit: 'span',
  }
}
