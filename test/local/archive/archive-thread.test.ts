import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ArchiveThread } from '../../../local/archive/archive-thread.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'

afterEach(closeDatabases)

test('a thread answers for one journal after the other', async () => {
  const folder = newFolder()
  const thread = new ArchiveThread({ folder })
  const journal = join(folder, 'noise.journal')
  for (let asked = 0; asked < 3; asked++) {
    writeFileSync(journal, Buffer.alloc(300 * 1024, asked))
    expect(Object.keys(await thread.archive(journal))).toHaveLength(1)
  }
  await thread.close()
})
