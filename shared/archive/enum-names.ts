const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const STATUSES = ['unset', 'ok', 'error']

/** The OTLP SpanKind as rules and queries name it; a number that OTLP does not have is written as a number. */
export function kindName(kind: number): string {
  return KINDS[kind] ?? String(kind)
}

export function kindNumber(name: string): number {
  return numberOf(KINDS, name)
}

/** The OTLP status code as rules and queries name it. */
export function statusName(code: number): string {
  return STATUSES[code] ?? String(code)
}

export function statusNumber(name: string): number {
  return numberOf(STATUSES, name)
}

function numberOf(names: readonly string[], name: string): number {
  const known = names.indexOf(name)
  return known < 0 ? Number(name) : known
}
