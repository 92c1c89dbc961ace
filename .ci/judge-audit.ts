/** `npm audit --json`, as far as it is looked at; without a version it is npm's word that there was no audit. */
export interface AuditReport {
  readonly auditReportVersion?: number
  readonly vulnerabilities?: Readonly<Record<string, Vulnerable>>
}

interface Vulnerable {
  readonly name: string
  readonly severity: string
  /** Paths below which the package lies. */
  readonly nodes: readonly string[]
  readonly fixAvailable: unknown
}

/** 0 fine, 1 found something, 77 nothing was proven, as .ci/run has it. */
export interface Judged {
  readonly code: 0 | 1 | 77
  readonly lines: readonly string[]
}

const SEVERE = ['high', 'critical']

/** What to say of npm's report: vulnerabilities of level high or critical in shipped packages fail, all others are listed. */
export function judgeAudit(report: AuditReport | undefined, shipped: readonly string[]): Judged {
  if (report?.auditReportVersion === undefined) {
    return {
      code: 77,
      lines: ['NOT RUN: the registry answers no audit requests, so nothing is known of vulnerabilities'],
    }
  }
  const found = Object.values(report.vulnerabilities ?? {}).map(({ name, severity, nodes, fixAvailable }) => {
    const ships = nodes.some((path) => shipped.includes(path))
    const where = ships ? 'ships' : 'development only'
    const line = `${severity}, ${where}: ${name} (${nodes.join(', ')})${fixAvailable ? '; npm audit fix mends it' : ''}`
    return { line, isFatal: ships && SEVERE.includes(severity) }
  })
  const fatal = found.filter(({ isFatal }) => isFatal).length
  const summary = `${fatal} of level high or critical in the ${shipped.length} packages that ship, ${found.length} vulnerabilities in all`
  return { code: fatal > 0 ? 1 : 0, lines: [...found.map(({ line }) => line), summary] }
}
