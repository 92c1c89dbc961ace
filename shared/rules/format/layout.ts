/**
 * Text that still has to be cut into lines. A `line` is a blank where its group fits on one line and a newline where it
 * does not; a `remark` waits for the end of its line.
 */
export type Layout = string | Piece

interface Facts {
  /** Holds a newline, so that no group around it fits on one line. */
  readonly breaks: boolean
  /** Ends with a remark that no newline has taken yet. */
  readonly pending: boolean
  /** Holds a `line` that breaks with the group around it. */
  readonly hasLine: boolean
}

type Piece = Facts &
  (
    | { readonly kind: 'sequence' | 'group' | 'indent'; readonly parts: readonly Layout[] }
    | { readonly kind: 'line'; readonly blank: '' | ' ' }
    | { readonly kind: 'newline' }
    | { readonly kind: 'fresh' }
    | { readonly kind: 'remark'; readonly text: string }
  )

const still = { breaks: false, pending: false, hasLine: false }

/** A blank, or a newline in a group that does not fit. */
export const line: Layout = { kind: 'line', blank: ' ', ...still, hasLine: true }
/** Nothing, or a newline in a group that does not fit. */
export const softLine: Layout = { kind: 'line', blank: '', ...still, hasLine: true }
export const newline: Layout = { kind: 'newline', ...still, breaks: true }
/** A newline, except where the line is still empty. */
export const freshLine: Layout = { kind: 'fresh', ...still, breaks: true }

/** Text at the end of its line; where a `line` comes next in the same group, the group breaks, so that it stays there. */
export function remark(text: string): Layout {
  return { kind: 'remark', text, ...still, pending: true }
}

export function sequence(parts: readonly Layout[]): Layout {
  return { kind: 'sequence', parts, ...factsOf(parts) }
}

/** Put on one line where it fits and nothing inside breaks; else its own lines (not those of inner groups) break. */
export function group(parts: readonly Layout[], broken = false): Layout {
  const { breaks, pending } = factsOf(parts)
  return { kind: 'group', parts, breaks: breaks || broken, pending, hasLine: false }
}

export function indent(parts: readonly Layout[]): Layout {
  return { kind: 'indent', parts, ...factsOf(parts) }
}

function factsOf(parts: readonly Layout[]): Facts {
  const facts = { ...still }
  for (const part of parts) {
    if (typeof part === 'string') continue
    const takesRemark = facts.pending && part.hasLine
    const newline = part.breaks || part.hasLine
    facts.breaks ||= part.breaks || takesRemark
    facts.pending = part.pending || (facts.pending && !newline)
    facts.hasLine ||= part.hasLine
  }
  return facts
}

const STEP = 2

/** One part of the text still to be written, with its depth and whether its lines break. */
interface Task {
  readonly layout: Layout
  readonly depth: number
  readonly broken: boolean
}

/** Cuts a layout into lines of at most `width` UTF-16 units where that can be done; lines carry no trailing blanks. */
export function render(layout: Layout, width: number): string {
  const lines: string[] = []
  let current = ''
  let remarks = ''
  const tasks: Task[] = [{ layout, depth: 0, broken: true }]
  const breakLine = (depth: number) => {
    lines.push(`${current.trimEnd()}${remarks}`)
    remarks = ''
    current = ' '.repeat(depth)
  }
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    const { layout, depth, broken } = task
    if (typeof layout === 'string') current += layout
    else if (layout.kind === 'remark') remarks += ` ${layout.text}`
    else if (layout.kind === 'newline') breakLine(depth)
    else if (layout.kind === 'fresh') {
      if (current.trim() !== '') breakLine(depth)
      else current = ' '.repeat(depth)
    } else if (layout.kind === 'line') {
      if (broken) breakLine(depth)
      else current += layout.blank
    } else {
      const inner = layout.kind === 'indent' ? depth + STEP : depth
      const breaks = layout.kind === 'group' ? layout.breaks || !fits(task, tasks, width - current.length) : broken
      for (const part of layout.parts.toReversed()) tasks.push({ layout: part, depth: inner, broken: breaks })
    }
  }
  lines.push(`${current.trimEnd()}${remarks}`)
  return lines.join('\n')
}

/** Whether a group, put on one line, and what follows it up to the next newline fit into `room`. */
function fits(group: Task, following: readonly Task[], room: number): boolean {
  let left = room
  let next = following.length
  const open: Task[] = [{ ...group, broken: false }]
  for (;;) {
    if (left < 0) return false
    const task = open.pop() ?? following[--next]
    if (task === undefined) return true
    const { layout, depth, broken } = task
    if (typeof layout === 'string') left -= layout.length
    else if (layout.kind === 'newline' || layout.kind === 'fresh') return true
    else if (layout.kind === 'line') {
      if (broken) return true
      left -= layout.blank.length
    } else if (layout.kind !== 'remark') {
      const breaks = broken || (layout.kind === 'group' && layout.breaks)
      for (const part of layout.parts.toReversed()) open.push({ layout: part, depth, broken: breaks })
    }
  }
}
