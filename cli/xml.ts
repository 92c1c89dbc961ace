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
  const listed = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
  const head = `${indent}<${name}${listed.join('')}`
  if (children.length === 0 && text === '') return `${head}/>\n`
  if (text !== '') return `${head}>${escaped(text)}</${name}>\n`
  return `${head}>\n${children.map((child) => xml(child, `${indent}  `)).join('')}${indent}</${name}>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML 1.0 has no way to write most control characters, nor half a surrogate pair: they become U+FFFD. */
function escaped(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML does not allow
      .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
      .replace(/\r/g, '&#13;')
  )
}
