import { expect, it as test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { formatRules } from '../../shared/rules/format/format.ts'

const header = '// Signal: A (low)\n'
const spaces = ' '.repeat(60_000)

/** What one careless pattern or loop makes a reader spend minutes on; a person's file of this length takes milliseconds. */
test.each([['a metadata line with white space inside', 'a.rules', `${header}// Description: a${spaces}b\na`]])(
  '%s is read and formatted in time linear in its length',
  (_, file, text) => {
    const before = process.threadCpuUsage()
    checkRules([{ file, text }])
    formatRules(file, text)
    const { user, system } = process.threadCpuUsage(before)
    expect((user + system) / 1000).toBeLessThan(1500)
  },
)
