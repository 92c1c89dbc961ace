import { chmodSync } from 'node:fs'
import { Database } from '../../../local/sqlite/database.ts'

/** Opens a database, takes away its own right to write to the file, opens it again and prints what a write ends with. */
const [path = ''] = process.argv.slice(2)
new Database(path, 1024 ** 3).close()
chmodSync(path, 0o444)
const database = new Database(path, 1024 ** 3)
const said = await database.touch().then(
  () => ({ code: 'written' }),
  ({ code, message, hint }) => ({ code, message, hint }),
)
process.stdout.write(JSON.stringify(said))
