/** Slack's buttons take no longer one; other receivers take more. */
const MAX_LINK = 2_000

/** Characters of a URL that Slack, Markdown or HTML take for markup. */
const MARKUP = /[|<>()[\]{}`'"\\^\s]/g

/** The URL with markup percent-encoded; undefined unless it is http or https and at most 2,000 characters. */
export function webLink(text: string): string | undefined {
  if (text.length > MAX_LINK) return undefined
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  const { origin } = url
  const encoded = url.href
    .slice(origin.length)
    .replace(MARKUP, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
  const link = `${origin}${encoded}`
  return link.length > MAX_LINK || url.username !== '' || url.password !== '' ? undefined : link
}
