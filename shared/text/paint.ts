import type { styleText } from 'node:util'

/** A style of the terminal, or several. */
export type Style = Parameters<typeof styleText>[0]

/** Colours text for a screen, or leaves it; without a style it leaves it. */
export type Paint = (style: Style | undefined, text: string) => string
