import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join, sep } from 'node:path'

// Runs at the end of npm ci, on any Node. npm 10 removes the link to the Node of package-lock.json together with those for
// other processors, so it is made here; where none was installed, the Node at hand must be able to run the sources.

const [folder = 'node_modules'] = process.argv.slice(2)
const program = join(`node-${process.platform}-${process.arch}`, 'bin', 'node')
const link = join(folder, '.bin', 'node')
const isLinked = existsSync(link) && realpathSync(link) === realpathSync(folder) + sep + program

if (isLinked) {
  // A link that other programs run on is left as it is.
} else if (existsSync(join(folder, program))) {
  mkdirSync(join(folder, '.bin'), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(join('..', program), link)
} else if (!process.features.typescript) {
  process.stderr.write(
    `The sources need Node.js 22.18 or newer, and this is ${process.versions.node} (${process.execPath}): install Node 24, then run npm ci again\n`,
  )
  process.exitCode = 1
}
