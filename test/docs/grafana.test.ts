import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { headingAnchor } from '../../infra/pager.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const read = (path: string) => readFileSync(join(DOCS, path), 'utf8')
const documented = new Set([...read('reference/metrics.md').matchAll(/`(betrace_\w+)[`{]/g)].map(([, name]) => name))

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly summary: string; readonly runbook?: string }
}

const { panels } = JSON.parse(read('grafana/dashboard.json')) as { readonly panels: readonly Panel[] }
type Rule = Alert | { readonly record: string; readonly expr: string }

const rules = ['alerts', 'burn-rate'].flatMap((name) => {
  const { groups } = parse(read(`grafana/${name}.yaml`)) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[]
  }
  return groups.flatMap((group) => group.rules)
})
const alerts = rules.filter((rule) => 'alert' in rule)
const recorded = new Set(rules.flatMap((rule) => ('record' in rule ? [rule.record] : [])))

const metricsIn = (expr: string) =>
  [...expr.matchAll(/betrace_\w+/g)].map(([name]) => name.replace(/(_seconds)_(?:bucket|sum|count)$/, '$1'))

test('the dashboard and the alerts ask for metrics that a server exports', () => {
  const asked = [...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)), ...rules.map(({ expr }) => expr)]
  expect(asked.length).toBeGreaterThan(30)
  expect(asked.flatMap(metricsIn).filter((name) => !documented.has(name))).toEqual([])
})

test('alerts ask for ratios that are recorded', () => {
  const asked = alerts.flatMap(({ expr }) => [...expr.matchAll(/betrace:\w+:\w+/g)].map(([name]) => name))
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter((name) => !recorded.has(name))).toEqual([])
})

test('each alert has a summary, and leads to a heading of the runbook', () => {
  const anchors = new Set(
    [...read('runbook.md').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => headingAnchor(heading ?? '')),
  )
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
  for (const { alert, annotations } of alerts) {
    expect(annotations.summary, alert).toMatch(/\.$/)
    const [page, anchor] = annotations.runbook?.split('#') ?? []
    if (page !== undefined) expect([page, anchors.has(anchor ?? '')], alert).toEqual(['docs/runbook.md', true])
  }
})
