import type { IncidentFacts } from '../../../shared/incidents/routing/facts.ts'

/** An incident as tests ask matchers about it. */
export function incidentWith(facts: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    rule: 'PAYMENT_FAILED',
    severity: 'critical',
    tags: [],
    service: 'checkout',
    experiments: [],
    source: 'https://betrace.example',
    ...facts,
  }
}
