import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import oniguruma from 'vscode-oniguruma'
import textmate, { type IGrammar } from 'vscode-textmate'

const GRAMMAR = new URL('../../../docs/editor/syntaxes/betrace.tmLanguage.json', import.meta.url)

/** A stretch of text and the innermost scope an editor gives it, without the language's suffix. */
export type Highlight = readonly [text: string, scope: string]

/** Loads the grammar into the engine that editors use. */
export async function loadGrammar(): Promise<IGrammar> {
  await oniguruma.loadWASM(readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm')))
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(GRAMMAR, 'utf8'), GRAMMAR.pathname),
  })
  const grammar = await registry.loadGrammar('source.betrace')
  if (grammar === null) throw new Error('the grammar was not found')
  return grammar
}

/** Every stretch of the text that has a scope of its own; blanks between them are left out. */
export function highlight(grammar: IGrammar, text: string): readonly Highlight[] {
  const found: Highlight[] = []
  let state = textmate.INITIAL
  for (const line of text.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state)
    state = ruleStack
    for (const { startIndex, endIndex, scopes } of tokens) {
      const stretch = line.slice(startIndex, endIndex)
      const scope = scopes.length > 1 ? (scopes.at(-1) as string).replace(/\.betrace$/, '') : ''
      if (stretch.trim() !== '') found.push([stretch.trim(), scope])
    }
  }
  return found
}
