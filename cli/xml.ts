import { visible, visibleLines } from '../shared/text/visible.ts'

/** An element of an XML document, with children or text. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly children?: readonly Element[]
  readonly text?: string
}

/** The whole document of a root element. */
export function writeXml(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xml(root, '')}`
}

function xml({ name, attributes, children = [], text = '' }: Element, indent: string): string {
  const listed = Object.entries(attributes).map(([key, value]) => ` ${key}="${withEntities(visible(String(value)))}"`)
  const head = `${indent}<${name}${listed.join('')}`
  if (children.length === 0 && text === '') return `${head}/>\n`
  if (text !== '') return `${head}>${withEntities(visibleLines(text))}</${name}>\n`
  return `${head}>\n${children.map((child) => xml(child, `${indent}  `)).join('')}${indent}</${name}>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Of visible text, which holds nothing that XML 1.0 has no way to write. */
function withEntities(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}
