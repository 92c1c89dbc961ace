/** Text as Markdown shows it unchanged: each sign that could be markup, a link or a mention follows a backslash. */
export function inMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~@:]/g, '\\$&')
}
