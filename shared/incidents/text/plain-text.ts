import { visibleLines } from '../../text/visible.ts'
import type { IncidentText } from './incident-text.ts'

/** The text for a person who reads plain lines, as in a mail: the first line, why, links, then the facts. */
export function plainText({ headline, sentences, evidence, links, facts }: IncidentText): string {
  const blocks = [
    [headline],
    sentences,
    evidence === undefined ? [] : [`${evidence.heading}:`, ...evidence.lines.map((line) => `  ${line}`)],
    links.map(({ title, url }) => `${title}: ${url}`),
    facts.map(({ name, value }) => `${name}: ${value}`),
  ]
  const paragraphs = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return visibleLines(paragraphs.join('\n\n'))
}
