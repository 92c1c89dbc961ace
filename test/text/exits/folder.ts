import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileNameOf } from './hostile.ts'

/** Files that hold a text wherever they can, and have it in their names. */
export interface HostileFolder {
  readonly path: string
  /** Rules and their tests, well formed. */
  readonly rules: string
  /** Rules and tests that are not. */
  readonly broken: string
  /** A file that cannot be read. */
  readonly dangling: string
  readonly traces: string
  readonly brokenTraces: string
  /** Named like no file that is there. */
  readonly missing: string
  remove(): void
}

export const TRACE_ID = '5b8efff798038103d269b633813fc60c'

export function hostileFolder(text: string): HostileFolder {
  const home = mkdtempSync(join(tmpdir(), 'betrace-exits-'))
  const name = fileNameOf(text)
  const path = join(home, `${name}home`)
  const within = (...parts: readonly string[]) => join(path, ...parts)
  for (const folder of ['rules', 'broken']) mkdirSync(within(name + folder), { recursive: true })
  writeFileSync(within(`${name}rules`, `${name}.rules`), ruleText(text))
  writeFileSync(within(`${name}rules`, `${name}.yaml`), packText(text))
  writeFileSync(within(`${name}rules`, `${name}.test.yaml`), testText(text))
  writeFileSync(within(`${name}broken`, `${name}.rules`), brokenRuleText(text))
  writeFileSync(within(`${name}broken`, `${name}.yaml`), brokenPackText(text))
  writeFileSync(within(`${name}broken`, `${name}.test.yaml`), brokenTestText(text))
  symlinkSync(within('gone'), within(`${name}gone.rules`))
  writeFileSync(within(`${name}.json`), JSON.stringify(traceRequest(text)))
  writeFileSync(within(`${name}broken.json`), brokenTraces(text))
  return {
    path,
    rules: within(`${name}rules`),
    broken: within(`${name}broken`),
    dangling: within(`${name}gone.rules`),
    traces: within(`${name}.json`),
    brokenTraces: within(`${name}broken.json`),
    missing: within(`${name}missing`),
    remove: () => rmSync(home, { recursive: true }),
  }
}

/** A text on one line, as rule files hold descriptions. */
const onOneLine = (text: string) => text.replace(/[\r\n]+/g, ' ')
const quoted = (text: string) =>
  `"${text.replace(/[\\"\n\t]/g, (found) => ({ '\n': '\\n', '\t': '\\t' })[found] ?? `\\${found}`)}"`

function ruleText(text: string): string {
  const line = onOneLine(text)
  return `// ${line}
// Signal: FIRES (high)
// Description: ${line}
// Runbook: ${line}
// Owner: ${line}
// Tags: ${line}
${condition(text)} // ${line}
// Signal: COMPARES (low)
${condition(text)}.where(attr(${quoted(spanNameOf(text))}) != ${quoted(`${spanNameOf(text)}other`)})
`
}

export function brokenRuleText(text: string): string {
  const line = onOneLine(text)
  return `// Signal: ${line} (${line})
trace.has(${line}
// Signal: BROKEN (high)
\ttrace.has(x).where(${line} == ${line}) and "${line}
`
}

/** As much of a text as both a span and a rule that asks for it can hold. */
export function spanNameOf(text: string): string {
  return text.replaceAll('\r', '').toWellFormed()
}

/** What a rule asks that the trace below breaks. */
export function condition(text: string): string {
  return `trace.has(${quoted(spanNameOf(text))})`
}

export function packText(text: string): string {
  const written = JSON.stringify(text)
  return `rules:
  - id: PACKED
    name: ${written}
    severity: critical
    description: ${written}
    owner: ${written}
    runbook: ${written}
    tags: [${written}]
    condition: ${JSON.stringify(condition(text))}
`
}

function brokenPackText(text: string): string {
  const written = JSON.stringify(text)
  return `rules:
  - id: ${written}
    severity: ${written}
    condition: ${written}
    ${written}: ${written}
`
}

function testText(text: string): string {
  const written = JSON.stringify(text)
  return `tests:
  - name: ${written}
    trace: |
      a
    signals: [FIRES]
  - {name: recorded, trace: {file: ${JSON.stringify(`../${fileNameOf(text)}.json`)}}, signals: []}
`
}

function brokenTestText(text: string): string {
  const written = JSON.stringify(text)
  return `tests:
  - name: ${written}
    trace: {file: ${written}, traceId: ${written}}
    signals: [${written}]
  - name: ${written}
    trace: ${written}
    signals: []
`
}

function brokenTraces(text: string): string {
  return `{"${text}": ${text}\n{"resourceSpans": [{"scopeSpans": ${JSON.stringify(text)}}]}\n{"${onOneLine(text)}": 1}\n`
}

const START_MS = 1_760_486_400_000

/** A trace of two spans as OTLP/JSON. */
export function traceRequest(text: string, startMs = START_MS): object {
  const name = spanNameOf(text)
  const attributes = [
    { key: name, value: { stringValue: text } },
    { key: 'list', value: { arrayValue: { values: [{ stringValue: text }] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: text, value: { stringValue: text } }] } } },
  ]
  const span = (id: string, parentSpanId: string, name: string) => ({
    traceId: TRACE_ID,
    spanId: id,
    parentSpanId,
    name,
    traceState: text,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + 1}000000`,
    attributes,
    events: [{ name: text, timeUnixNano: `${startMs}000000`, attributes }],
    status: { code: 2, message: text },
  })
  const spans = [span('00000000000000a1', '', name), span('00000000000000a2', '00000000000000a1', `${name}child`)]
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: text } }, ...attributes] }
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: text, version: text }, spans }] }] }
}
