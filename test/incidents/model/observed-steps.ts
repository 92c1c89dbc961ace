import type { IncidentSteps } from '../../../shared/incidents/store-steps.ts'
import type { MemoryIncidents } from '../memory-incidents.ts'
import type { Mutant } from './mutants.ts'
import type { Knowledge, Observer } from './observer.ts'

/** The steps of a store, each seen by an observer. `known`: what the process at work knows. */
export function observedSteps(
  store: MemoryIncidents,
  observer: Observer,
  known: () => Knowledge,
  mutant: Mutant | undefined,
): IncidentSteps {
  return {
    putMember(key, member) {
      const { signalId, firedAtMs, traceId } = member
      const before = store.putMember(key, member)
      observer.onMember(`${firedAtMs}#${signalId}`, { key, traceId, firedAtMs, retracted: false }, known())
      return before
    },
    retractMember(key, signalId, firedAtMs) {
      observer.onRetracted(`${firedAtMs}#${signalId}`)
      return store.retractMember(key, signalId, firedAtMs)
    },
    readHead: (key) => store.readHead(key),
    writeHead: (key, head) => store.writeHead(key, head),
    liveMembers(key, fromMs) {
      observer.onLive(key, known())
      return store.liveMembers(key, fromMs)
    },
    facts(key, ...rest) {
      observer.onFacts(key, known())
      return store.facts(key, ...rest)
    },
    exercise(rule, sinceMs) {
      observer.onExercise(rule, known())
      const counts = store.exercise(rule, sinceMs)
      if (mutant === 'no-exercise') return { exercised: 0, held: 300 }
      return mutant === 'three-is-enough' ? { ...counts, exercised: 0 } : counts
    },
    openGroups: (rule) => store.openGroups(rule),
  }
}
