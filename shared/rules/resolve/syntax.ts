/** A stretch of a rule's body as UTF-16 offsets, `end` exclusive. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

/** A keyword, operator or bracket as written. */
export interface Token extends TextRange {
  readonly text: string
}

interface Bracketed extends TextRange {
  readonly open: Token
  /** Text before the closing bracket that fits nowhere. */
  readonly extra: Extra | null
  readonly close: Token | null
}

export interface Extra extends TextRange {
  readonly kind: 'extra'
  readonly text: string
}

/** What the grammar makes of one rule's body, before words have a meaning. */
export type SyntaxBody = Surrounded &
  (
    | { readonly kind: 'pattern'; readonly condition: SyntaxNode }
    | { readonly kind: 'blocks'; readonly blocks: readonly SyntaxBlock[] }
  )

interface Surrounded extends TextRange {
  readonly before: readonly DefinitionNode[]
  readonly after: readonly DefinitionNode[]
  readonly extra: Extra | null
}

export type DefinitionNode = LetNode | DefineNode

interface Defining extends TextRange {
  readonly keyword: Token
  readonly name: Token
  readonly equals: Token
}

/** `let $name = value`. */
export interface LetNode extends Defining {
  readonly kind: 'let'
  readonly value: SyntaxNode
  readonly extra: Extra | null
}

/** `define name = condition`. */
export interface DefineNode extends Defining {
  readonly kind: 'define'
  readonly condition: SyntaxNode
}

export interface SyntaxBlock extends TextRange {
  readonly kind: 'block'
  readonly keyword: Token
  readonly open: Token | null
  readonly condition: SyntaxNode
  readonly extra: Extra | null
  readonly close: Token | null
}

export type SyntaxNode =
  | OrNode
  | AndNode
  | NotNode
  | RelationNode
  | ArithmeticNode
  | SignedNode
  | GroupNode
  | ListNode
  | CallNode
  | SelectorCallNode
  | MethodNode
  | WordNode
  | LeafNode

export interface OrNode extends TextRange {
  readonly kind: 'or'
  readonly first: SyntaxNode
  readonly rest: readonly { readonly operator: Token; readonly operand: SyntaxNode }[]
}

export interface AndNode extends TextRange {
  readonly kind: 'and'
  readonly first: SyntaxNode
  /** Without an operator where two conditions stand side by side. */
  readonly rest: readonly { readonly operator: Token | null; readonly operand: SyntaxNode }[]
}

interface NotNode extends TextRange {
  readonly kind: 'not'
  readonly word: Token
  readonly operand: SyntaxNode
}

export interface RelationTail extends TextRange {
  readonly kind: 'compare' | 'in' | 'order' | 'as'
  readonly operator: Token
  readonly right: SyntaxNode
}

export interface RelationNode extends TextRange {
  readonly kind: 'relation'
  readonly first: SyntaxNode
  readonly rest: readonly RelationTail[]
}

export interface ArithmeticNode extends TextRange {
  readonly kind: 'arithmetic'
  readonly operator: Token
  readonly left: SyntaxNode
  readonly right: SyntaxNode
}

export interface SignedNode extends TextRange {
  readonly kind: 'signed'
  readonly sign: Token
  readonly operand: SyntaxNode
}

export interface GroupNode extends Bracketed {
  readonly kind: 'group'
  readonly inner: SyntaxNode
}

interface ListNode extends Bracketed {
  readonly kind: 'list'
  readonly items: readonly SyntaxNode[]
}

interface Arguments extends Bracketed {
  readonly kind: 'arguments'
  readonly items: readonly SyntaxNode[]
}

export interface CallNode extends TextRange {
  readonly kind: 'call'
  readonly name: Token
  readonly arguments: Arguments
}

/** A function such as `trace.has(…)`, whose argument is spans by name. */
export interface SelectorCallNode extends TextRange {
  readonly kind: 'selectorCall'
  readonly name: Token
  readonly argument: SelectorArgument
}

interface SelectorArgument extends Bracketed {
  readonly kind: 'selectorArgument'
  readonly selector: SyntaxNode
  readonly rest: readonly SyntaxNode[]
}

/** `base.name(…)`; without arguments where the bracket is missing. */
export interface MethodNode extends TextRange {
  readonly kind: 'method'
  readonly base: SyntaxNode
  readonly name: Token
  readonly arguments: Arguments | null
}

export interface WordNode extends TextRange {
  readonly kind: 'word'
  readonly text: string
}

export type LeafNode = TextRange &
  (
    | {
        readonly kind: 'spanName' | 'number' | 'badNumber' | 'wrongQuotes' | 'pathlike' | 'variable'
        readonly text: string
      }
    /** Between the quotes, escapes as written; an `openText` has no closing quote on its line. */
    | { readonly kind: 'text' | 'openText'; readonly raw: string }
    | { readonly kind: 'missing' }
  )

/** Thrown by the grammar where brackets nest too deep to be worth reading. */
export interface TooDeep extends TextRange {
  readonly kind: 'tooDeep'
}
