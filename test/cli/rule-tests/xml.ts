/** An element of an XML document. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Reads elements, attributes and text; throws on whatever is not well-formed XML 1.0, or needs more than that. */
export function parseXml(document: string): XmlElement {
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(document))
    throw new Error('a forbidden character')
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
  if (!document.startsWith(declaration)) throw new Error('no declaration')
  const { element, end } = readElement(document, declaration.length)
  if (document.slice(end).trim() !== '') throw new Error('text behind the root')
  return element
}

function readElement(document: string, start: number): { readonly element: XmlElement; readonly end: number } {
  const open = matchAt(/<([a-z][\w-]*)((?:\s+[a-z][\w-]*="[^"<]*")*)\s*(\/?)>/y, document, start)
  const [all, name = '', written = '', closed] = open
  const attributes: Record<string, string> = {}
  for (const [, key = '', value = ''] of written.matchAll(/([a-z][\w-]*)="([^"]*)"/g)) {
    if (key in attributes) throw new Error(`${key} twice`)
    attributes[key] = unescape_(value)
  }
  let at = start + all.length
  const children: XmlElement[] = []
  let text = ''
  if (closed === '/') return { element: { name, attributes, children, text }, end: at }
  while (!document.startsWith('</', at)) {
    if (document[at] === '<') {
      const child = readElement(document, at)
      children.push(child.element)
      at = child.end
    } else {
      const [run] = matchAt(/[^<]+/y, document, at)
      text += unescape_(run)
      at += run.length
    }
  }
  const [end] = matchAt(new RegExp(`</${name}>`, 'y'), document, at)
  return { element: { name, attributes, children, text: text.trim() }, end: at + end.length }
}

function matchAt(pattern: RegExp, document: string, at: number): RegExpExecArray {
  pattern.lastIndex = at
  const found = pattern.exec(document)
  if (found === null) throw new Error(`not well-formed at: ${document.slice(at, at + 60)}`)
  return found
}

function unescape_(text: string): string {
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(text)) throw new Error(`a bare & in ${text}`)
  return text.replace(/&(#?)(\w+);/g, (_all, hash: string, name: string) =>
    hash === '' ? (ENTITIES[name] as string) : String.fromCodePoint(Number(name)),
  )
}
