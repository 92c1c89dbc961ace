import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A question in SQL. */
interface DocumentedQuery {
  readonly question: string
  readonly sql: string
}

const DOCUMENT = join(import.meta.dirname, '../docs/queries.md')
const TODAY = 'CAST(current_date AS varchar)'

/** The questions of docs/queries.md, heading and SQL, asked of today in place of the day that the document is about. */
export function documentedQueries(): readonly DocumentedQuery[] {
  const sections = readFileSync(DOCUMENT, 'utf8').split(/^## /m).slice(1)
  return sections.flatMap((section) => {
    const [heading = ''] = section.split('\n')
    const sql = /```sql\n([\s\S]*?)\n```/.exec(section)?.[1]
    return sql === undefined
      ? []
      : [{ question: heading.trim(), sql: sql.replaceAll(/dt = '[\d-]+'/g, `dt = ${TODAY}`) }]
  })
}
