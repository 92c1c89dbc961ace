import { describe, expect, test } from 'vitest'
import { judgeAudit } from '../../.ci/judge-audit.ts'

const SHIPPED = ['node_modules/yaml', 'node_modules/a/node_modules/minimatch']

/** As npm 11 writes it. */
function reportOf(...found: readonly (readonly [name: string, severity: string, path: string])[]) {
  const vulnerabilities = found.map(([name, severity, path]) => [
    name,
    { name, severity, isDirect: false, via: [], effects: [], range: '*', nodes: [path], fixAvailable: true },
  ])
  return { auditReportVersion: 2, vulnerabilities: Object.fromEntries(vulnerabilities) }
}

describe('the audit', () => {
  test('fails where a package that ships has a vulnerability of level high or critical', () => {
    for (const severity of ['high', 'critical']) {
      const { code, lines } = judgeAudit(reportOf(['yaml', severity, 'node_modules/yaml']), SHIPPED)
      expect(code).toBe(1)
      expect(lines[0]).toBe(`${severity}, ships: yaml (node_modules/yaml); npm audit fix mends it`)
    }
    expect(judgeAudit(reportOf(['minimatch', 'high', SHIPPED[1] ?? '']), SHIPPED).code).toBe(1)
  })

  test('lists others: lesser ones, and those of development alone, though a package of that name ships', () => {
    const report = reportOf(
      ['yaml', 'moderate', 'node_modules/yaml'],
      ['minimatch', 'critical', 'node_modules/minimatch'],
    )
    const { code, lines } = judgeAudit(report, SHIPPED)
    expect(code).toBe(0)
    expect(lines.slice(0, 2)).toEqual([
      expect.stringContaining('moderate, ships: yaml'),
      expect.stringContaining('critical, development only: minimatch'),
    ])
    expect(lines[2]).toBe('0 of level high or critical in the 2 packages that ship, 2 vulnerabilities in all')
  })

  test('proves nothing where the registry does not answer, and says so', () => {
    const refused = { message: '405 Method Not Allowed', error: { summary: '', detail: '' } }
    for (const report of [undefined, {}, refused as object]) {
      const { code, lines } = judgeAudit(report, SHIPPED)
      expect([code, lines.join()]).toEqual([77, expect.stringMatching(/^NOT RUN: /)])
    }
  })
})
