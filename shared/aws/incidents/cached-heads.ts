import type { IncidentHead } from '../../incidents/incident.ts'
import type { SlowSteps } from '../../incidents/store-steps.ts'

/** The same steps, where a head is read once and then known; for signals of one rule, taken one after another. */
export function cachedHeads(steps: SlowSteps): { readonly steps: SlowSteps; forget(): void } {
  const heads = new Map<string, IncidentHead | undefined>()
  return {
    forget: () => heads.clear(),
    steps: {
      putMember: (...of) => steps.putMember(...of),
      retractMember: (...of) => steps.retractMember(...of),
      liveMembers: (...of) => steps.liveMembers(...of),
      facts: (...of) => steps.facts(...of),
      exercise: (...of) => steps.exercise(...of),
      openGroups: (...of) => steps.openGroups(...of),
      async readHead(key) {
        if (!heads.has(key)) heads.set(key, await steps.readHead(key))
        return heads.get(key)
      },
      async writeHead(key, head) {
        // The head that was read is out of date, whether or not this is written.
        heads.delete(key)
        const written = await steps.writeHead(key, head)
        if (written) heads.set(key, head)
        return written
      },
    },
  }
}
