import { describe, expect, test } from 'vitest'
import { VERDICT_FORMATS, verdictReport } from '../../../cli/experiments/verdict-report.ts'
import type { ExperimentVerdict } from '../../../shared/pipeline/experiment-verdict.ts'
import { fakeScreen } from '../fake-terminal.ts'

/** A verdict in which every text is `text`, as a server that lies may send it. */
function verdictOf(text: string): ExperimentVerdict {
  const rule = {
    rule: text,
    severity: text,
    verdict: 'violated',
    shadow: false,
    expected: false,
    exercised: 2,
    violated: 1,
    first: text,
    change: text,
    before: { exercised: 2, violated: 1 },
    samples: [{ traceId: text, service: text, text }],
  }
  const experiment = { id: `${text}-1`, name: text, state: 'ended', cut: false, clockSkew: false }
  const rest = { signals: 1, services: [text], unknownRules: [text], failures: [{ key: text, reason: text }] }
  const window = { from: text, to: text, traces: 2, before: { from: text, traces: 2 } }
  return { ...window, ...rest, experiment, outcome: 'violated', rules: [rule] } as unknown as ExperimentVerdict
}

const report = (text: string, format: (typeof VERDICT_FORMATS)[number]) =>
  verdictReport(verdictOf(text), format, fakeScreen())

/** A page of Markdown without its code spans and code blocks. */
function outsideCode(page: string): string {
  return page.replace(/^ {2}(`{3,})\n[\s\S]*?^ {2}\1$/gm, '').replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, '<code>')
}

describe('a report in Markdown', () => {
  test.each([
    ['a link', '[a](http://evil.example)'],
    ['an address', 'https://evil.example and www.evil.example'],
    ['a mention', '@everyone'],
    ['an issue', 'owner/repo#1 #2 GH-3'],
    ['HTML', '<img src=x onerror=alert(1)>'],
    ['a picture', '![a](b)'],
    ['emphasis', '**a** _b_ ~~c~~'],
    ['the end of a code span', 'a` b ``c`` ```` d'],
    ['a fence', '```\nb\n```'],
    ['a reference', '[a]: http://evil.example'],
    ['an entity', '&#64;everyone'],
    ['nothing', ''],
    ['a blank', ' '],
    ['a backslash', '\\'],
  ])('does not make %s of a value', (_, text) => {
    const outside = outsideCode(report(text, 'markdown')).replaceAll('<code>', '')
    expect(outside).not.toMatch(/[[\]@&`\\~<>]|http|www|GH-|#\d/)
  })

  test.each(['a|b', '|', 'a\\|b', '\\\\|', '`|`', 'a\nb', '\u2028'])(
    'keeps its table of six columns with %j',
    (text) => {
      const page = report(text, 'markdown')
      const rows = page.split(/[\n\r\u2028\u2029\u0085]/).filter((line) => line.startsWith('|'))
      expect(rows.map((row) => row.split('|').length)).toEqual([8, 8, 8])
      const ofEvidence = text.split('\n').length - 1
      expect(page.split('\n')).toHaveLength(report('a', 'markdown').split('\n').length + ofEvidence)
    },
  )

  test('shows all lines of the evidence, and no line of it ends their block', () => {
    const text = 'when\n  charge | a\n```\n````\nalways'
    const [, fence = '', block = ''] = /^ {2}(`{3,})\n([\s\S]*?)^ {2}\1$/m.exec(report(text, 'markdown')) ?? []
    expect(fence).toBe('`````')
    expect(block.replace(/^ {2}/gm, '')).toBe(`${text}\n`)
  })

  test('leaves words, numbers and times as they are', () => {
    const page = report('AZ_drill two', 'markdown')
    expect(page).toContain('### experiment AZ_drill two\n\n**1 signal: AZ_drill two broke**\n')
    expect(page).toContain('| VIOLATED | `AZ_drill two` | 2 | 1 | 1 of 2 | AZ_drill two |')
    expect(report('2026-01-01T00:00:00.000Z', 'markdown')).toContain('2 traces from 2026-01-01T00:00:00.000Z to 2026')
  })
})

test.each(VERDICT_FORMATS)('a report of format %s has as many lines whatever the texts hold', (format) => {
  const lines = (text: string) => report(text, format).split('\n').length
  // The text of a sample may be of several lines; the lines of its description are its own.
  const samples = format === 'json' ? 0 : 1
  expect(lines('a\n::warning::b')).toBe(lines('a') + samples)
})
