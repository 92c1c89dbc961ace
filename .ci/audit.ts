import { spawnSync } from 'node:child_process'
import { type AuditReport, judgeAudit } from './judge-audit.ts'
import { ROOT, shippedPackages } from './shipped.ts'

/*
 * npm run audit: known vulnerabilities of all packages. Exit code 1 where one of level high or critical ships, 77 where
 * the registry cannot be asked.
 */

const MOST_BYTES = 64 * 1024 * 1024

const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: ROOT, encoding: 'utf8', maxBuffer: MOST_BYTES })
const { code, lines } = judgeAudit(parsed(stdout), shippedPackages())
for (const line of lines) process.stdout.write(`${line}\n`)
process.exitCode = code

function parsed(text: string): AuditReport | undefined {
  try {
    return JSON.parse(text) as AuditReport
  } catch {
    return undefined
  }
}
